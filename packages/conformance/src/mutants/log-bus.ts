import { BusUnavailableError, ClosedError, OffsetLostError, PositionError, type Runtime } from '@sync/core'
import {
  type BusCapabilities,
  type BusTransport,
  type ChangeBus,
  createBus,
  type EncodedChange,
  encodeFrames,
  type FrameHandler,
  type Scope,
  scopeId,
  type TransportState,
  type Unsubscribe,
} from '@sync/core/adapter'
import { createVirtualRuntime } from '@sync/core/testing'
import type { BusHarness } from '../harness/harness.ts'

interface Log {
  first: number
  readonly entries: string[]
}

/** Maximum number of entries in a log. */
const MAX_LOG_ENTRIES = 200
/** Time after which a client detects a frozen broker, in ms. */
const FREEZE_DETECTION_MS = 2_000

/** Broker that keeps logs. It stands in for a bus with replay, which the in-memory bus does not have. */
export class LogBroker {
  readonly runtime: Runtime
  readonly thrown: unknown[] = []
  readonly clients: Set<LogTransport> = new Set()
  readonly #logs = new Map<string, Log>()
  up = true
  #unfreeze: () => void = () => {}

  constructor(runtime: Runtime) {
    this.runtime = runtime
  }

  log(scope: Scope): Log {
    const id = scopeId(scope)
    const log = this.#logs.get(id) ?? { first: 0, entries: [] }
    this.#logs.set(id, log)
    return log
  }

  append(scope: Scope, frame: string): void {
    const log = this.log(scope)
    log.entries.push(frame)
    for (; log.entries.length > MAX_LOG_ENTRIES; log.first++) log.entries.shift()
    this.wake()
  }

  wake(): void {
    for (const client of this.clients) client.wake()
  }

  setUp(up: boolean): void {
    if (this.up === up) return
    this.up = up
    for (const client of this.clients) client.onBrokerState(up ? 'up' : 'down')
    this.wake()
  }

  freeze(): void {
    this.#unfreeze = this.runtime.schedule(() => this.setUp(false), FREEZE_DETECTION_MS)
  }

  unfreeze(): void {
    this.#unfreeze()
    this.setUp(true)
  }
}

interface Cursor {
  readonly scope: Scope
  readonly onFrame: FrameHandler
  next: number
  running: boolean
}

/** Opens a client of a broker. Publications wait while the broker is unavailable. */
const logBus = (broker: LogBroker): ChangeBus =>
  createBus(new LogTransport(broker), { onError: (error) => broker.thrown.push(error) })

class LogTransport implements BusTransport {
  readonly capabilities: BusCapabilities = {
    delivery: 'at-least-once',
    replay: 'from-offset',
    ordering: 'per-section',
    durability: 'server',
    whenDown: 'wait',
    live: 'at-once',
    echo: true,
    maxPayloadBytes: 65_536,
  }
  readonly #broker: LogBroker
  readonly #cursors = new Set<Cursor>()
  #onState: (state: TransportState) => void = () => {}
  #pendingPublishes: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  constructor(broker: LogBroker) {
    this.#broker = broker
  }

  start(onState: (state: TransportState) => void): void {
    this.#onState = onState
    this.#broker.clients.add(this)
    queueMicrotask(() => this.onBrokerState('up'))
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    if (!this.#broker.up)
      await new Promise<void>((resolve, reject) => {
        this.#pendingPublishes.push({ resolve, reject })
      })
    for (const { text } of encodeFrames(changes, this.capabilities.maxPayloadBytes)) this.#broker.append(scope, text)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, after: string | undefined): Promise<Unsubscribe> {
    if (!this.#broker.up) throw new BusUnavailableError('subscribe: the broker is unavailable')
    const log = this.#broker.log(scope)
    const next = after === undefined ? log.first + log.entries.length : parseOffset(scope, after) + 1
    if (next < log.first) throw new OffsetLostError(`after: the log begins at ${log.first}, after the offset ${after}`)
    if (next > log.first + log.entries.length) throw new PositionError(after)
    const cursor: Cursor = { scope, onFrame, next, running: false }
    this.#cursors.add(cursor)
    this.wake()
    return () => void this.#cursors.delete(cursor)
  }

  async close(): Promise<void> {
    this.#broker.clients.delete(this)
    for (const { reject } of this.#pendingPublishes.splice(0)) reject(new ClosedError('the bus is closed'))
  }

  onBrokerState(state: TransportState): void {
    this.#onState(state)
    if (state === 'up') for (const { resolve } of this.#pendingPublishes.splice(0)) resolve()
  }

  wake(): void {
    for (const cursor of this.#cursors) {
      if (cursor.running) continue
      cursor.running = true
      queueMicrotask(() => this.#deliver(cursor))
    }
  }

  #deliver(cursor: Cursor): void {
    cursor.running = false
    const log = this.#broker.log(cursor.scope)
    while (this.#broker.up && this.#cursors.has(cursor) && cursor.next < log.first + log.entries.length) {
      const at = Math.max(cursor.next, log.first)
      cursor.next = at + 1
      cursor.onFrame(log.entries[at - log.first] ?? '', `${at}@${scopeId(cursor.scope)}`)
    }
  }
}

/**
 * Returns the index of an offset in the scope's log.
 * @throws PositionError (`SYNC_POSITION`) if the offset is malformed or belongs to another scope.
 */
function parseOffset(scope: Scope, offset: string): number {
  const parts = /^(\d{1,15})@(.+)$/s.exec(offset)
  if (parts?.[2] !== scopeId(scope)) throw new PositionError(offset)
  return Number(parts[1])
}

let harnessCount = 0

/** Creates a harness of a bus that replays, waits while its broker is unavailable, and detects a frozen broker. */
export async function logBusHarness(): Promise<BusHarness & { readonly broker: LogBroker }> {
  const time = createVirtualRuntime(++harnessCount)
  const broker = new LogBroker(time)
  const dropConnections = (): void => {
    broker.setUp(false)
    broker.setUp(true)
  }
  return {
    broker,
    namespace: `log${harnessCount}`,
    time,
    thrown: broker.thrown,
    open: async () => logBus(broker),
    close: async () => {},
    publishFromOtherProcess: (scope, changes) => logBus(broker).publish(scope, changes),
    injected: async () => {
      let open = true
      const connection = {
        isOpen: () => open,
        end: async () => {
          open = false
        },
      }
      return { client: logBus(broker), ...connection }
    },
    unreachable: {
      address: '127.0.0.1:1',
      open: () => Promise.reject(new BusUnavailableError('127.0.0.1:1: cannot connect')),
    },
    faults: {
      kill: () => broker.setUp(false),
      restart: () => broker.setUp(true),
      pause: () => broker.freeze(),
      resume: () => broker.unfreeze(),
      failOver: dropConnections,
      cut: dropConnections,
    },
  }
}
