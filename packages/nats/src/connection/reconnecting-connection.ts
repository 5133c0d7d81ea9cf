import { errors, type NatsConnection, type PermissionViolationError, type Status } from '@nats-io/transport-node'
import { BusUnavailableError, ClosedError, type SyncError } from '@sync/core'
import { isRejection, toBusError } from '../errors.ts'

/** How a line is opened. */
export interface ReconnectingConnectionOptions {
  /** Connects; rejects if no server is there. */
  readonly dial: () => Promise<NatsConnection>
  /** Was it opened here? */
  readonly owned: boolean
  /** Where it leads, for people: no password. */
  readonly address: string
  /** How long a call waits for a connection that is lost, in ms. */
  readonly timeout: number
}

/** One connected while: from a connect or reconnect to the next loss. */
interface Session {
  readonly connection: NatsConnection
  /** Who is to be told when it is lost. One promise for all would keep what every call ever hung on it. */
  readonly inFlight: Set<(reason: SyncError) => void>
  /** Why it is over. */
  endReason?: SyncError
}

/** Is told what becomes of a line. */
export interface ConnectionListener {
  up(connection: NatsConnection): void
  down(): void
  /** The server refused what was sent to a subject. */
  publishDenied(error: PermissionViolationError): void
}

/** Pause between attempts at the first connection, in ms. */
const RECONNECT_PAUSE_MS = 250

/**
 * A line to NATS. The client reconnects for ever, but has to be connected once: here that is tried for ever too, while each
 * call learns of the attempt that it waited for.
 */
export class ReconnectingConnection {
  readonly #options: ReconnectingConnectionOptions
  #listener: ConnectionListener | undefined
  #connection: NatsConnection | undefined
  #session: Session | undefined
  #nextSession = quietResolvers<Session>()
  /** What the server said at the last attempt, when it turned us away. */
  #rejection: SyncError | undefined
  #statuses: AsyncIterable<Status> | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ReconnectingConnectionOptions) {
    this.#options = options
  }

  /** Begins, and tells from now on. */
  start(listener: ConnectionListener): void {
    this.#listener = listener
    void this.#dial()
  }

  /** Works with the connection; rejects as soon as it is lost. Waits for one that is being opened, a while also for one that was lost. */
  async withConnection<T>(work: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const session = this.#session ?? (await this.#withTimeout(this.#nextSession.promise))
    if (session.endReason) throw this.#toError(session.endReason)
    const working = work(session.connection)
    // whichever loses the race may reject unheard
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

  #unavailableError(): SyncError {
    return new BusUnavailableError(`NATS at ${this.#options.address} cannot be reached`)
  }

  /** What a failure of the client means. */
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
    this.#endSession(this.#unavailableError())
    this.#listener?.down()
  }

  #endSession(reason: SyncError): void {
    const session = this.#session
    if (!session) return
    this.#session = undefined
    session.endReason = reason
    for (const reject of session.inFlight) reject(reason)
  }

  /** Those who wait now; who comes later waits for the next. */
  #takeNextSession(): PromiseWithResolvers<Session> {
    const session = this.#nextSession
    this.#nextSession = quietResolvers<Session>()
    return session
  }

  async #withTimeout(session: Promise<Session>): Promise<Session> {
    const timedOut = quietResolvers<never>()
    // one server of several may refuse while another one does not: it is waited for as if none had answered
    const timer = setTimeout(() => timedOut.reject(this.#rejection ?? this.#unavailableError()), this.#options.timeout)
    try {
      return await Promise.race([session, timedOut.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A promise that nobody may be waiting for. */
function quietResolvers<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>()
  resolvers.promise.catch(() => {})
  return resolvers
}

/** The client's iterables can be stopped from outside, though their type does not say so. */
export function stopIterating(iterable: (AsyncIterable<unknown> & { stop?: () => void }) | undefined): void {
  iterable?.stop?.()
}
