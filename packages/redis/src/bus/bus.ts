import { AbortedError, ArgumentError, isSyncError, type SyncError } from '@sync/core'
import {
  assertScope,
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  type EncodedChange,
  encodeFrames,
  type FrameHandler,
  type InCommitPublisher,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { busClosedError, toBusError } from '../errors.ts'
import type { BusSettings } from './settings.ts'
import type { Transport, TransportKind } from './transport.ts'

/** State that exists once the client package is loaded. */
interface OpenedTransport {
  readonly commands: Connection
  readonly listening: Connection
  readonly transport: Transport
}

/** A bus on one Redis server or cluster, over either transport. */
export class RedisBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly inCommit: InCommitPublisher
  readonly #kind: TransportKind
  readonly #settings: BusSettings
  readonly #opened: Promise<OpenedTransport>
  readonly #statusListeners: Listeners<BusStatus>
  readonly #stopCallbacks = new Set<() => Promise<void>>()
  #connected = false
  #closed = false

  constructor(connection: Promise<Connection>, kind: TransportKind, settings: BusSettings) {
    this.#kind = kind
    this.#settings = settings
    this.#statusListeners = new Listeners(settings.onError)
    this.#opened = connection.then((commands) => this.#open(commands))
    // a failure reaches the caller through the first call
    this.#opened.catch(() => {})
    const { maxPayloadBytes } = settings
    this.capabilities = Object.freeze({ ...kind.capabilities, maxPayloadBytes })
    this.inCommit = createInCommitPublisher(connection, kind, settings)
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertOpen(scope)
    const { commands, transport } = await this.#opened
    const encodedFrames = encodeFrames(changes, this.capabilities.maxPayloadBytes)
    // allSettled: no rejection may stay unhandled
    const outcomes = await Promise.allSettled(encodedFrames.map(({ text }) => transport.publish(scope, text)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed)
      throw this.#toError(commands, failed.reason, {
        action: `publish to ${this.#destination(scope, commands)}`,
        scope,
      })
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertOpen(scope)
    const { signal, after } = options
    if (after !== undefined && this.#kind.capabilities.replay === 'none')
      throw new ArgumentError('after: not supported by this transport, which retains no frames', { address: scope })
    const throwIfStopped = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
      if (this.#closed) throw busClosedError({ address: scope })
    }
    throwIfStopped()
    const { transport, listening } = await this.#opened
    let stopped = false
    const handler: FrameHandler = (frame, offset) => {
      if (!stopped) onFrame(frame, offset)
    }
    const unsubscribe = await transport.subscribe(scope, handler, after).catch((error: unknown) => {
      throw this.#toError(listening, error, { action: `subscribe to ${this.#destination(scope, listening)}`, scope })
    })
    const stop = async (): Promise<void> => {
      if (stopped) return
      stopped = true
      signal?.removeEventListener('abort', abort)
      this.#stopCallbacks.delete(stop)
      await unsubscribe()
    }
    const abort = (): void => void stop()
    signal?.addEventListener('abort', abort)
    this.#stopCallbacks.add(stop)
    try {
      throwIfStopped()
    } catch (error) {
      await stop()
      throw error
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statusListeners.add(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const opened = await this.#opened.catch(() => undefined)
    opened?.transport.close()
    for (const stop of [...this.#stopCallbacks]) void stop()
    await Promise.all([opened?.listening.close(), opened?.commands.close()])
    this.#statusListeners.emit('closed')
    this.#statusListeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(commands: Connection): OpenedTransport {
    const listening = commands.fork()
    const transport = this.#kind.open({ commands, listening }, this.#settings, (state) => this.#onState(state))
    return { commands, listening, transport }
  }

  #onState(state: 'up' | 'down'): void {
    if (this.#closed) return
    if (state === 'up') this.#statusListeners.emit(this.#connected ? 'resumed' : 'connected')
    else this.#statusListeners.emit('interrupted')
    this.#connected = true
  }

  #assertOpen(scope: Scope): void {
    if (this.#closed) throw busClosedError({ address: scope })
    assertScope(scope)
  }

  #destination(scope: Scope, connection: Connection): string {
    return this.#kind.destination(scope, connection)
  }

  #toError(
    { address }: Connection,
    cause: unknown,
    context: { readonly action: string; readonly scope: Scope },
  ): SyncError {
    if (this.#closed && !isSyncError(cause)) return busClosedError({ address: context.scope, cause })
    return toBusError(cause, address, context)
  }
}

/** Creates the publisher with which a store on the same server publishes within its commits. */
function createInCommitPublisher(
  connection: Promise<Connection>,
  kind: TransportKind,
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
    serverFor: () => opened?.serverId,
    destination: (scope) => (opened ? kind.destination(scope, opened) : ''),
  }
}
