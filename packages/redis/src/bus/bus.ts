import { AbortedError, ArgumentError, SyncError } from '@sync/core'
import {
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  checkScope,
  type EncodedChange,
  type FrameHandler,
  frames,
  type InCommitPublisher,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { busClosed, busError } from '../errors.ts'
import type { Medium, MediumKind } from './medium.ts'
import type { BusSettings } from './settings.ts'

/** What there is once the client was loaded. */
interface Lines {
  readonly commands: Connection
  readonly listening: Connection
  readonly medium: Medium
}

/** A bus over Redis, whatever carries its frames there. */
export class RedisBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly inCommit: InCommitPublisher
  readonly #kind: MediumKind
  readonly #settings: BusSettings
  readonly #lines: Promise<Lines>
  readonly #statuses: Listeners<BusStatus>
  readonly #stops = new Set<() => Promise<void>>()
  #connected = false
  #closed = false

  constructor(connection: Promise<Connection>, kind: MediumKind, settings: BusSettings) {
    this.#kind = kind
    this.#settings = settings
    this.#statuses = new Listeners(settings.onError)
    this.#lines = connection.then((commands) => this.#open(commands))
    // whoever calls first hears of it
    this.#lines.catch(() => {})
    const { maxPayloadBytes } = settings
    this.capabilities = Object.freeze({ ...kind.capabilities, maxPayloadBytes })
    this.inCommit = offer(connection, kind, settings)
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#check(scope)
    const { commands, medium } = await this.#lines
    const framed = frames(changes, this.capabilities.maxPayloadBytes)
    // every outcome is awaited: none may reject unheard
    const outcomes = await Promise.allSettled(framed.map(({ text }) => medium.publish(scope, text)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed)
      throw this.#error(commands, failed.reason, { what: `publishing on ${this.#at(scope, commands)}`, scope })
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#check(scope)
    const { signal, after } = options
    if (after !== undefined && this.#kind.capabilities.replay === 'none')
      throw new ArgumentError('after: this bus keeps nothing to begin from', { address: scope })
    const refuse = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
      if (this.#closed) throw busClosed({ address: scope })
    }
    refuse()
    const { medium, listening } = await this.#lines
    let ended = false
    const handler: FrameHandler = (frame, offset) => {
      if (!ended) onFrame(frame, offset)
    }
    const end = await medium.listen(scope, handler, after).catch((error: unknown) => {
      throw this.#error(listening, error, { what: `listening to ${this.#at(scope, listening)}`, scope })
    })
    const stop = async (): Promise<void> => {
      if (ended) return
      ended = true
      signal?.removeEventListener('abort', abort)
      this.#stops.delete(stop)
      await end()
    }
    const abort = (): void => void stop()
    signal?.addEventListener('abort', abort)
    this.#stops.add(stop)
    try {
      refuse()
    } catch (error) {
      await stop()
      throw error
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statuses.add(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const lines = await this.#lines.catch(() => undefined)
    lines?.medium.close()
    for (const stop of [...this.#stops]) void stop()
    await Promise.all([lines?.listening.close(), lines?.commands.close()])
    this.#statuses.tell('closed')
    this.#statuses.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(commands: Connection): Lines {
    const listening = commands.fork()
    const medium = this.#kind.open({ commands, listening }, this.#settings, (state) => this.#changed(state))
    return { commands, listening, medium }
  }

  #changed(state: 'up' | 'down'): void {
    if (this.#closed) return
    if (state === 'up') this.#statuses.tell(this.#connected ? 'resumed' : 'connected')
    else this.#statuses.tell('interrupted')
    this.#connected = true
  }

  #check(scope: Scope): void {
    if (this.#closed) throw busClosed({ address: scope })
    checkScope(scope)
  }

  #at(scope: Scope, connection: Connection): string {
    return this.#kind.destination(scope, connection)
  }

  #error({ address }: Connection, cause: unknown, about: { readonly what: string; readonly scope: Scope }): SyncError {
    if (this.#closed && !(cause instanceof SyncError)) return busClosed({ address: about.scope, cause })
    return busError(cause, address, about)
  }
}

/** What a store on the same server needs to publish within its commits. */
function offer(
  connection: Promise<Connection>,
  kind: MediumKind,
  { maxPayloadBytes, maxFrames }: BusSettings,
): InCommitPublisher {
  let opened: Connection | undefined
  connection.then(
    (commands) => {
      opened = commands
    },
    () => {},
  )
  return {
    method: kind.method,
    maxPayloadBytes,
    maxFrames,
    serverOf: () => opened?.server,
    destination: (scope) => (opened ? kind.destination(scope, opened) : ''),
  }
}
