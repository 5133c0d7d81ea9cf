import { type Scope, scopeId } from '../../model/address.ts'
import { BusAwayError, ClosedError, LimitError, SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { ChangeBus } from '../bus.ts'
import type { Parcel, Way } from './parcel.ts'
import { Pause } from './pause.ts'

const ATTEMPTS = 6
const MOST_AT_ONCE = 1_000
/** Changes that may wait for a bus that is slow or does not answer. */
const MOST_WAITING = 10_000

/** The way of one section's changes to one bus: in order, what waits goes together, retried a few times and then given up. */
export class Outbox implements Way {
  readonly #bus: ChangeBus
  readonly #pause: Pause
  #waiting: Parcel[] = []
  #changes = 0
  #sending = false
  #closed = false
  #running: Promise<void> | undefined

  constructor(bus: ChangeBus, runtime: Runtime) {
    this.#bus = bus
    this.#pause = new Pause(runtime)
  }

  get unanswered(): boolean {
    return this.#sending
  }

  /** Resolves when what was sent so far, and while that lasted, was taken or given up. */
  get drained(): Promise<void> {
    return this.#running ?? Promise.resolve()
  }

  send(parcel: Parcel): void {
    if (this.#changes + parcel.changes.length > MOST_WAITING) this.#giveUpWaiting(tooFarBehind)
    this.#waiting.push(parcel)
    this.#changes += parcel.changes.length
    this.#running ??= this.#run()
  }

  /** The bus is said to be back: what was refused is tried now. */
  prompt(): void {
    this.#pause.end()
  }

  /** What was not taken is given up. */
  close(): void {
    this.#closed = true
    this.#pause.end()
    this.#giveUpWaiting((scope) => new ClosedError('the bus was taken out', { address: scope }))
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#deliver(this.#next())
    // in the same step as the look above: what is sent next finds nobody at work
    this.#running = undefined
  }

  /** What is sent in one call, and again in the same call should it be refused. */
  #next(): readonly [Parcel, ...Parcel[]] {
    const [first] = this.#waiting as [Parcel]
    const id = scopeId(first.scope)
    let changes = first.changes.length
    let count = 1
    for (const parcel of this.#waiting.slice(1)) {
      changes += parcel.changes.length
      if (changes > MOST_AT_ONCE || scopeId(parcel.scope) !== id) break
      count++
    }
    const batch = this.#waiting.splice(0, count) as [Parcel, ...Parcel[]]
    for (const parcel of batch) this.#changes -= parcel.changes.length
    return batch
  }

  async #deliver(batch: readonly [Parcel, ...Parcel[]]): Promise<void> {
    const changes = batch.flatMap((parcel) => parcel.changes)
    for (let attempt = 0; ; attempt++) {
      const error = await this.#attempt(batch[0].scope, changes)
      if (!error) {
        for (const parcel of batch) parcel.take(this)
        return
      }
      if (!error.retryable || attempt + 1 >= ATTEMPTS || this.#closed) {
        for (const parcel of batch) parcel.refuse(this, error)
        return
      }
      await this.#pause.wait(attempt)
    }
  }

  async #attempt(scope: Scope, changes: Parcel['changes']): Promise<SyncError | undefined> {
    this.#sending = true
    try {
      await this.#bus.publish(scope, changes)
      return undefined
    } catch (cause) {
      return cause instanceof SyncError ? cause : new BusAwayError('the bus refused', { cause, address: scope })
    } finally {
      this.#sending = false
    }
  }

  #giveUpWaiting(reason: (scope: Scope) => SyncError): void {
    const given = this.#waiting
    this.#waiting = []
    this.#changes = 0
    for (const parcel of given) parcel.refuse(this, reason(parcel.scope))
  }
}

const tooFarBehind = (address: Scope): SyncError =>
  new LimitError(`the bus does not keep up: ${MOST_WAITING} changes wait at most`, { address })
