import {
  AbortedError,
  ArgumentError,
  BusUnavailableError,
  ClosedError,
  OffsetLostError,
  PositionError,
  type Runtime,
} from '@sync/core'
import {
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  type EncodedChange,
  encodeFrames,
  type FrameHandler,
  type Scope,
  type SubscribeOptions,
  type Subscription,
  scopeId,
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
  readonly clients: Set<LogBus> = new Set()
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
    for (const client of this.clients) client.onBrokerStatus(up ? 'resumed' : 'interrupted')
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

/** Client of a {@link LogBroker}. Publications wait while the broker is unavailable. */
export class LogBus implements ChangeBus {
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
  readonly #listeners = new Set<(status: BusStatus) => void>()
  readonly #onClose: () => void
  #pendingPublishes: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #closed = false

  constructor(broker: LogBroker, onClose: () => void = () => {}) {
    this.#broker = broker
    this.#onClose = onClose
    broker.clients.add(this)
    queueMicrotask(() => this.onBrokerStatus('connected'))
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertUsable(scope)
    if (!this.#broker.up)
      await new Promise<void>((resolve, reject) => {
        this.#pendingPublishes.push({ resolve, reject })
      })
    if (this.#closed) throw closedError()
    for (const { text } of encodeFrames(changes, this.capabilities.maxPayloadBytes)) this.#broker.append(scope, text)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertUsable(scope)
    const { signal, after } = options
    if (signal?.aborted) throw new AbortedError('subscribe: the signal is aborted')
    if (!this.#broker.up) throw new BusUnavailableError('subscribe: the broker is unavailable')
    const log = this.#broker.log(scope)
    const next = after === undefined ? log.first + log.entries.length : parseOffset(scope, after) + 1
    if (next < log.first) throw new OffsetLostError(`after: the log begins at ${log.first}, after the offset ${after}`)
    if (next > log.first + log.entries.length) throw new PositionError(after)
    const cursor: Cursor = { scope, onFrame, next, running: false }
    this.#cursors.add(cursor)
    const stop = async (): Promise<void> => void this.#cursors.delete(cursor)
    signal?.addEventListener('abort', stop)
    this.wake()
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#broker.clients.delete(this)
    this.#cursors.clear()
    for (const { reject } of this.#pendingPublishes.splice(0)) reject(closedError())
    for (const listener of this.#listeners) listener('closed')
    this.#onClose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  onBrokerStatus(status: BusStatus): void {
    if (this.#closed) return
    for (const listener of this.#listeners) listener(status)
    if (status === 'resumed') for (const { resolve } of this.#pendingPublishes.splice(0)) resolve()
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
      try {
        cursor.onFrame(log.entries[at - log.first] ?? '', `${at}@${scopeId(cursor.scope)}`)
      } catch (error) {
        this.#broker.thrown.push(error)
      }
    }
  }

  #assertUsable(scope: Scope): void {
    if (this.#closed) throw closedError()
    for (const part of Object.values(scope))
      if (typeof part !== 'string' || part === '')
        throw new ArgumentError(`scope: expected non-empty strings, got ${JSON.stringify(scope)}`)
  }
}

const closedError = (): ClosedError => new ClosedError('the bus is closed')

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
    open: async () => new LogBus(broker),
    close: async () => {},
    publishFromOtherProcess: (scope, changes) => new LogBus(broker).publish(scope, changes),
    injected: async () => {
      let open = true
      const connection = {
        isOpen: () => open,
        end: async () => {
          open = false
        },
      }
      return { client: new LogBus(broker), ...connection }
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
