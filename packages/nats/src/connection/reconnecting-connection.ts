import { errors, type NatsConnection, type PermissionViolationError, type Status } from '@nats-io/transport-node'
import { BusUnavailableError, ClosedError, type SyncError } from '@sync/core'
import { isRejection, toBusError } from '../errors.ts'

/** Options of {@link ReconnectingConnection}. */
export interface ReconnectingConnectionOptions {
  /** Connects; rejects if no server can be reached. */
  readonly dial: () => Promise<NatsConnection>
  /** Whether `close` also closes the connection. */
  readonly owned: boolean
  /** Addresses of the servers for error messages, without credentials. */
  readonly address: string
  /** Maximum time that a call waits for a connection, in milliseconds. */
  readonly timeout: number
}

/** One period with a connection: from a connect or reconnect to the next loss. */
interface Session {
  readonly connection: NatsConnection
  /** Rejects each call in flight when the session ends. A single shared promise would retain the handlers of every past call. */
  readonly inFlight: Set<(reason: SyncError) => void>
  /** Error with which the session ended. */
  endReason?: SyncError
}

/** Callbacks for changes of the connection. */
export interface ConnectionListener {
  up(connection: NatsConnection): void
  down(): void
  /** Called when the server denied a publication to a subject. */
  publishDenied(error: PermissionViolationError): void
}

/** Average pause between two attempts to connect for the first time, in milliseconds. */
const RECONNECT_PAUSE_MS = 250

/**
 * A NATS connection that is retried without limit. The client itself reconnects without limit, but only after its first successful
 * connect; this class also retries the first one. A call waits for one attempt only, and fails with that attempt's error.
 */
export class ReconnectingConnection {
  readonly #options: ReconnectingConnectionOptions
  #listener: ConnectionListener | undefined
  #connection: NatsConnection | undefined
  #session: Session | undefined
  #nextSession = quietResolvers<Session>()
  /** The server's rejection of the latest reconnect, such as an authorization error. */
  #rejection: SyncError | undefined
  #statuses: AsyncIterable<Status> | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ReconnectingConnectionOptions) {
    this.#options = options
  }

  /** Starts connecting, and notifies the listener from now on. */
  start(listener: ConnectionListener): void {
    this.#listener = listener
    void this.#dial()
  }

  /**
   * Runs `work` with the connection, and rejects as soon as the connection is lost. If there is none, waits up to `timeout` for the
   * attempt in progress.
   */
  async withConnection<T>(work: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const session = this.#session ?? (await this.#withTimeout(this.#nextSession.promise))
    if (session.endReason) throw this.#toError(session.endReason)
    const working = work(session.connection)
    // if the connection is lost first, a later rejection has no handler
    working.catch(() => {})
    const lost = quietResolvers<never>()
    session.inFlight.add(lost.reject)
    try {
      return await Promise.race([working, lost.promise])
    } catch (cause) {
      throw this.#toError(cause)
    } finally {
      session.inFlight.delete(lost.reject)
    }
  }

  #unavailableError(reason: string): SyncError {
    return new BusUnavailableError(`NATS at ${this.#options.address} is unavailable: ${reason}`)
  }

  /** Converts an error of the client. */
  #toError(cause: unknown): SyncError {
    return this.#closed ? new ClosedError('the bus is closed', { cause }) : toBusError(cause, this.#options.address)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    const closedError = new ClosedError('the bus is closed')
    this.#endSession(closedError)
    this.#nextSession.reject(closedError)
    stopIterating(this.#statuses)
    if (this.#options.owned) await this.#connection?.close()
  }

  async #dial(): Promise<void> {
    try {
      const connection = await this.#options.dial()
      if (this.#closed) {
        if (this.#options.owned) await connection.close()
        return
      }
      this.#connection = connection
      this.#statuses = connection.status()
      void this.#watch(connection, this.#statuses)
      this.#onUp(connection)
    } catch (cause) {
      if (this.#closed) return
      this.#takeNextSession().reject(this.#toError(cause))
      this.#retry = setTimeout(() => void this.#dial(), RECONNECT_PAUSE_MS * (0.5 + Math.random()))
    }
  }

  async #watch(connection: NatsConnection, statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      const { type } = status
      if (this.#closed) return
      if (type === 'disconnect' || type === 'close') this.#onDown()
      else if (type === 'reconnect') this.#onUp(connection)
      else if (type === 'error' && status.error instanceof errors.PermissionViolationError)
        this.#listener?.publishDenied(status.error)
      else if (type === 'error' && !this.#session && isRejection(status.error))
        this.#rejection = this.#toError(status.error)
      else if (type === 'reconnecting') this.#rejection = undefined
    }
  }

  #onUp(connection: NatsConnection): void {
    if (this.#session) return
    this.#session = { connection, inFlight: new Set() }
    this.#takeNextSession().resolve(this.#session)
    this.#listener?.up(connection)
  }

  #onDown(): void {
    if (!this.#session) return
    this.#endSession(this.#unavailableError('the connection was lost'))
    this.#listener?.down()
  }

  #endSession(reason: SyncError): void {
    const session = this.#session
    if (!session) return
    this.#session = undefined
    session.endReason = reason
    for (const reject of session.inFlight) reject(reason)
  }

  /** Returns the promise on which calls wait now, and replaces it for later calls. */
  #takeNextSession(): PromiseWithResolvers<Session> {
    const session = this.#nextSession
    this.#nextSession = quietResolvers<Session>()
    return session
  }

  async #withTimeout(session: Promise<Session>): Promise<Session> {
    const timedOut = quietResolvers<never>()
    // a rejection does not end the wait early, because another server of the list may accept
    const { timeout } = this.#options
    const timer = setTimeout(
      () => timedOut.reject(this.#rejection ?? this.#unavailableError(`no connection within ${timeout} ms`)),
      timeout,
    )
    try {
      return await Promise.race([session, timedOut.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Creates a promise whose rejection may stay unhandled, with its resolvers. */
function quietResolvers<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>()
  resolvers.promise.catch(() => {})
  return resolvers
}

/** Stops an iterable of the client. The client's types do not declare `stop`. */
export function stopIterating(iterable: (AsyncIterable<unknown> & { stop?: () => void }) | undefined): void {
  iterable?.stop?.()
}
