import { BusUnavailableError, type SyncError } from '@sync/core'
import type {
  BusCapabilities,
  BusTransport,
  EncodedChange,
  FrameHandler,
  InCommitPublisher,
  Scope,
  TransportCall,
  TransportState,
  Unsubscribe,
} from '@sync/core/adapter'
import { encodeFrames, messageOf } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { toBusError } from '../errors.ts'
import { MasterWatch } from './master-watch.ts'
import type { Messaging, MessagingKind } from './messaging.ts'
import type { BusSettings } from './settings.ts'

/** State that exists once the client package is loaded. */
interface Opened {
  readonly commands: Connection
  readonly listening: Connection
  readonly messaging: Messaging
  /** Absent in a cluster: a node that becomes a replica ends its subscriptions (see `ShardConnections`). */
  readonly masterWatch: MasterWatch | undefined
}

/** Moves frames over one Redis server or cluster, by either kind of messaging. */
export class RedisTransport implements BusTransport {
  readonly capabilities: BusCapabilities
  readonly inCommit: InCommitPublisher
  readonly #kind: MessagingKind
  readonly #settings: BusSettings
  readonly #opened: Promise<Opened>
  /** The value of `#opened` once it is resolved. */
  #current: Opened | undefined
  #onState: (state: TransportState) => void = () => {}

  constructor(connection: Promise<Connection>, kind: MessagingKind, settings: BusSettings) {
    this.#kind = kind
    this.#settings = settings
    this.#opened = connection.then((commands) => this.#open(commands))
    // a failure reaches the caller through the first call
    this.#opened.catch(() => {})
    const { maxPayloadBytes } = settings
    this.capabilities = Object.freeze({ ...kind.capabilities, maxPayloadBytes })
    this.inCommit = {
      method: kind.method,
      maxPayloadBytes,
      maxFrames: settings.maxFrames,
      serverFor: () => this.#current?.commands.serverId,
      destination: (scope) => (this.#current ? kind.destination(scope, this.#current.commands) : ''),
    }
  }

  start(onState: (state: TransportState) => void): void {
    this.#onState = onState
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const { messaging } = await this.#opened
    const encodedFrames = encodeFrames(changes, this.capabilities.maxPayloadBytes)
    // allSettled: no rejection may stay unhandled
    const outcomes = await Promise.allSettled(encodedFrames.map(({ text }) => messaging.publish(scope, text)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, after: string | undefined): Promise<Unsubscribe> {
    const { messaging } = await this.#opened
    return messaging.subscribe(scope, onFrame, after)
  }

  toError(cause: unknown, { operation, scope }: TransportCall): SyncError {
    const connection = operation === 'publish' ? this.#current?.commands : this.#current?.listening
    if (!connection)
      return new BusUnavailableError(`Redis could not be opened: ${messageOf(cause)}`, { address: scope, cause })
    const action = `${operation} to ${this.#kind.destination(scope, connection)}`
    return toBusError(cause, connection.address, { action, scope })
  }

  async close(): Promise<void> {
    const opened = await this.#opened.catch(() => undefined)
    opened?.masterWatch?.close()
    opened?.messaging.close()
    await Promise.all([opened?.listening.close(), opened?.commands.close()])
  }

  #open(commands: Connection): Opened {
    const listening = commands.fork()
    const onState = (state: TransportState): void => this.#onState(state)
    const masterWatch = commands.layout.cluster ? undefined : new MasterWatch({ commands, listening }, onState)
    const messaging = this.#kind.open({ commands, listening }, this.#settings, (state) =>
      masterWatch ? masterWatch.setMessagingState(state) : onState(state),
    )
    this.#current = { commands, listening, messaging, masterWatch }
    return this.#current
  }
}
