import { errors, type NatsConnection, type PermissionViolationError, type Status } from '@nats-io/transport-node'
import { BusAwayError, ClosedError, type SyncError } from '@sync/core'
import { busError, isRefusal } from '../errors.ts'

/** How a line is opened. */
export interface LinkOptions {
  /** Connects; rejects if no server is there. */
  readonly dial: () => Promise<NatsConnection>
  /** Was it opened here? */
  readonly owned: boolean
  /** Where it leads, for people: no password. */
  readonly server: string
  /** How long a call waits for a connection that is lost, in ms. */
  readonly timeout: number
}

/** One connected while: from a connect or reconnect to the next loss. */
interface Session {
  readonly connection: NatsConnection
  /** Who is to be told when it is lost. One promise for all would keep what every call ever hung on it. */
  readonly working: Set<(why: SyncError) => void>
  /** Why it is over. */
  over?: SyncError
}

/** Is told what becomes of a line. */
export interface LinkListener {
  up(connection: NatsConnection): void
  down(): void
  /** The server refused what was sent to a subject. */
  denied(error: PermissionViolationError): void
}

/** Pause between attempts at the first connection, in ms. */
const PAUSE = 250

/**
 * A line to NATS. The client reconnects for ever, but has to be connected once: here that is tried for ever too, while each
 * call learns of the attempt that it waited for.
 */
export class Link {
  readonly #options: LinkOptions
  #listener: LinkListener | undefined
  #connection: NatsConnection | undefined
  #session: Session | undefined
  #arrival = silent<Session>()
  /** What the server said at the last attempt, when it turned us away. */
  #refusal: SyncError | undefined
  #statuses: AsyncIterable<Status> | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** Begins, and tells from now on. */
  start(listener: LinkListener): void {
    this.#listener = listener
    void this.#dial()
  }

  /** Works with the connection; rejects as soon as it is lost. Waits for one that is being opened, a while also for one that was lost. */
  async use<T>(work: (connection: NatsConnection) => Promise<T>): Promise<T> {
    const session = this.#session ?? (await this.#within(this.#arrival.promise))
    if (session.over) throw this.#error(session.over)
    const working = work(session.connection)
    // whichever loses the race may reject unheard
    working.catch(() => {})
    const lost = silent<never>()
    session.working.add(lost.reject)
    try {
      return await Promise.race([working, lost.promise])
    } catch (cause) {
      throw this.#error(cause)
    } finally {
      session.working.delete(lost.reject)
    }
  }

  #away(): SyncError {
    return new BusAwayError(`NATS at ${this.#options.server} cannot be reached`)
  }

  /** What a failure of the client means. */
  #error(cause: unknown): SyncError {
    return this.#closed ? new ClosedError('the bus is closed', { cause }) : busError(cause, this.#options.server)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    const gone = new ClosedError('the bus is closed')
    this.#end(gone)
    this.#arrival.reject(gone)
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
      this.#up(connection)
    } catch (cause) {
      if (this.#closed) return
      this.#arrive().reject(this.#error(cause))
      this.#retry = setTimeout(() => void this.#dial(), PAUSE * (0.5 + Math.random()))
    }
  }

  async #watch(connection: NatsConnection, statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      const { type } = status
      if (this.#closed) return
      if (type === 'disconnect' || type === 'close') this.#down()
      else if (type === 'reconnect') this.#up(connection)
      else if (type === 'error' && status.error instanceof errors.PermissionViolationError)
        this.#listener?.denied(status.error)
      else if (type === 'error' && !this.#session && isRefusal(status.error)) this.#refusal = this.#error(status.error)
      else if (type === 'reconnecting') this.#refusal = undefined
    }
  }

  #up(connection: NatsConnection): void {
    if (this.#session) return
    this.#session = { connection, working: new Set() }
    this.#arrive().resolve(this.#session)
    this.#listener?.up(connection)
  }

  #down(): void {
    if (!this.#session) return
    this.#end(this.#away())
    this.#listener?.down()
  }

  #end(why: SyncError): void {
    const session = this.#session
    if (!session) return
    this.#session = undefined
    session.over = why
    for (const reject of session.working) reject(why)
  }

  /** Those who wait now; who comes later waits for the next. */
  #arrive(): PromiseWithResolvers<Session> {
    const arrival = this.#arrival
    this.#arrival = silent<Session>()
    return arrival
  }

  async #within(arrival: Promise<Session>): Promise<Session> {
    const late = silent<never>()
    // one server of several may refuse while another one does not: it is waited for as if none had answered
    const timer = setTimeout(() => late.reject(this.#refusal ?? this.#away()), this.#options.timeout)
    try {
      return await Promise.race([arrival, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A promise that nobody may be waiting for. */
function silent<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>()
  made.promise.catch(() => {})
  return made
}

/** The client's iterables can be stopped from outside, though their type does not say so. */
export function stopIterating(iterable: (AsyncIterable<unknown> & { stop?: () => void }) | undefined): void {
  iterable?.stop?.()
}
