import { AbortedError, ArgumentError, BusAwayError, ClosedError, SyncError } from '@sync/core'
import {
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  checkScope,
  type EncodedChange,
  type FrameHandler,
  frames,
  type InCommitPublisher,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { channelOf } from '../names.ts'
import { Channels } from './channels.ts'
import { Listeners } from './listeners.ts'
import type { BusSettings } from './settings.ts'

/** What there is once the client was loaded: a connection for commands, one for subscriptions. */
interface Lines {
  readonly commands: Connection
  readonly subscriptions: Connection
  readonly channels: Channels
}

/** A bus over Redis Pub/Sub: a channel per section, or per document where the section is followed by key. */
export class PubSubBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly inCommit: InCommitPublisher
  readonly #settings: BusSettings
  readonly #lines: Promise<Lines>
  readonly #statuses: Listeners<BusStatus>
  readonly #stops = new Set<() => Promise<void>>()
  #connected = false
  #closed = false

  constructor(connection: Promise<Connection>, settings: BusSettings) {
    this.#settings = settings
    this.#statuses = new Listeners(settings.onError)
    this.#lines = connection.then((commands) => this.#open(commands))
    // whoever calls first hears of it
    this.#lines.catch(() => {})
    const { maxPayloadBytes } = settings
    this.capabilities = Object.freeze({
      delivery: 'at-most-once',
      replay: 'none',
      ordering: 'per-section',
      durability: 'sent',
      whenDown: 'reject',
      live: 'at-once',
      echo: true,
      maxPayloadBytes,
    })
    this.inCommit = offer(connection, maxPayloadBytes)
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#check(scope)
    const { commands } = await this.#lines
    const channel = channelOf(scope, commands.layout, commands.database)
    const sent = frames(changes, this.capabilities.maxPayloadBytes).map(({ text }) =>
      commands.send(['PUBLISH', channel, text], channel),
    )
    // every outcome is awaited: none may reject unheard
    const failed = (await Promise.allSettled(sent)).find((outcome) => outcome.status === 'rejected')
    if (failed) throw this.#away(commands, failed.reason, scope)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#check(scope)
    const { signal, after } = options
    if (after !== undefined) throw new ArgumentError('after: Pub/Sub keeps nothing to begin from', { address: scope })
    const aborted = (): AbortedError =>
      new AbortedError('subscribe: aborted', { cause: signal?.reason, address: scope })
    if (signal?.aborted) throw aborted()
    const { channels, subscriptions } = await this.#lines
    let ended = false
    const end = await channels
      .listen(channelOf(scope, subscriptions.layout, subscriptions.database), (frame) => {
        if (!ended) onFrame(frame)
      })
      .catch((error: unknown) => {
        throw this.#away(subscriptions, error, scope)
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
    if (signal?.aborted || this.#closed) {
      await stop()
      throw signal?.aborted ? aborted() : new ClosedError('the bus is closed', { address: scope })
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
    lines?.channels.close()
    for (const stop of [...this.#stops]) void stop()
    await Promise.all([lines?.subscriptions.close(), lines?.commands.close()])
    this.#statuses.tell('closed')
    this.#statuses.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(commands: Connection): Lines {
    const subscriptions = commands.fork()
    const channels = new Channels(subscriptions, this.#settings.onError, (state) => this.#changed(state))
    return { commands, subscriptions, channels }
  }

  #changed(state: 'up' | 'down'): void {
    if (this.#closed) return
    if (state === 'up') this.#statuses.tell(this.#connected ? 'resumed' : 'connected')
    else this.#statuses.tell('interrupted')
    this.#connected = true
  }

  #check(scope: Scope): void {
    if (this.#closed) throw new ClosedError('the bus is closed', { address: scope })
    checkScope(scope)
  }

  #away({ address }: Connection, cause: unknown, scope: Scope): SyncError {
    if (cause instanceof SyncError) return cause
    if (this.#closed) return new ClosedError('the bus is closed', { address: scope, cause })
    const message = cause instanceof Error ? cause.message : String(cause)
    return new BusAwayError(`Redis at ${address} did not answer: ${message}`, { address: scope, cause })
  }
}

/** What a store on the same server needs to publish within its commits. */
function offer(connection: Promise<Connection>, maxPayloadBytes: number): InCommitPublisher {
  let opened: Connection | undefined
  connection.then(
    (commands) => {
      opened = commands
    },
    () => {},
  )
  return {
    method: 'redis:publish',
    maxPayloadBytes,
    get server() {
      return opened?.server
    },
    destination: (scope) => (opened ? channelOf(scope, opened.layout, opened.database) : ''),
  }
}
