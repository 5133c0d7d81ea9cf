import { ClosedError, LimitError, StoreAwayError, SyncError } from '../model/errors.ts'
import type { Write } from './api.ts'
import { Commit, type WriteContext } from './commit.ts'
import type { Intent } from './intent.ts'
import { combinable, inDoubt, type Job, newJob } from './job.ts'
import type { Outcome } from './outcome.ts'
import { bounded, gaveUp } from './wait.ts'

/** The most writes to one document that share a commit. */
export const MOST_COMBINED = 1_000

/** What a section's writer is set to. */
export interface WriterOptions {
  /** The most writes under way at once: a store that is away must not fill the memory. */
  readonly maxWrites: number
  /** Do writes go one by one, because each has to answer for the document that it leaves? */
  readonly alone: boolean
  readonly batch: Batching | undefined
}

/** Writes to one document that are gathered before they are sent. */
export interface Batching {
  /** How long the first one waits for others, in ms. */
  readonly wait: number
  /** How many go without waiting any longer. */
  readonly writes: number
  /** Only `set`s of these fields wait; absent: every write that can be combined. */
  readonly fields: ReadonlySet<string> | undefined
}

/**
 * A section's writes. One key's run one after another, keys in parallel. Writes that wait behind a commit in flight
 * combine into the next one, where they are alike.
 */
export class Writer {
  readonly #context: WriteContext
  readonly #options: WriterOptions
  /** Queues whose writes wait for more to join them, and how to end that. */
  readonly #gathering = new Map<Job[], () => void>()
  readonly #queues = new Map<string, Job[]>()
  /** Those whose caller still waits. */
  readonly #open = new Set<Job>()
  #ops = 0
  /** How many wait for all writes to be over: meanwhile none waits for others to join it. */
  #flushes = 0
  #closed = false

  constructor(context: WriteContext, options: WriterOptions) {
    this.#context = context
    this.#options = options
  }

  /** How many writes may be under way. */
  get maxWrites(): number {
    return this.#options.maxWrites
  }

  /** Queues a write. The promise ends with the caller's patience; what was sent goes on until its outcome is known. */
  write(key: string, intent: Intent, options: Write): Promise<Outcome> {
    const { link, whenAway, runtime } = this.#context
    if (this.#closed) return Promise.reject(new ClosedError('the instance is closed'))
    const { maxWrites } = this
    if (this.#open.size >= maxWrites) return Promise.reject(new LimitError(`${maxWrites} writes are under way already`))
    const impatient = whenAway === 'reject' || intent.kind === 'trySet'
    if (impatient && link.away)
      return Promise.reject(new StoreAwayError('the store cannot be reached', 'no', { cause: link.away }))
    const job = newJob(intent, options, impatient, this.#context.section.documents.peek(key)?.value)
    const begin = (): Promise<Outcome> => {
      this.#enqueue(key, job)
      return job.settled.promise
    }
    return bounded(runtime, options, begin, (why) => {
      if (job.sent) return inDoubt(job, why === 'abort' ? 'the call was aborted' : 'the time is up')
      const error = gaveUp(why, options)
      // a flush waits for it too
      this.#fail(job, error)
      this.#leaveQueue(key, job)
      return error
    })
  }

  /** Resolves when every write begun before is over and published. */
  async flush(): Promise<void> {
    this.#flushes++
    this.#sendGathered()
    await Promise.allSettled([...this.#open].map((job) => job.settled.promise))
    this.#flushes--
    await this.#context.publisher.flush()
  }

  /** The store cannot be reached: those that would not wait for it end. What was sent stays in doubt. */
  storeAway(cause: SyncError): void {
    for (const job of [...this.#open].filter(({ impatient }) => impatient)) {
      const error = new StoreAwayError('the store cannot be reached', 'no', { cause })
      this.#fail(job, job.sent ? inDoubt(job, 'the store did not answer') : error)
    }
  }

  /** Refuses what is still under way. */
  close(): void {
    this.#closed = true
    this.#sendGathered()
    for (const job of [...this.#open]) {
      this.#fail(job, job.sent ? inDoubt(job, 'the instance was closed') : new ClosedError('the instance is closed'))
    }
  }

  #enqueue(key: string, job: Job): void {
    this.#open.add(job)
    const queue = this.#queues.get(key)
    if (queue) {
      queue.push(job)
      if (!this.#waitsForMore(queue)) this.#gathering.get(queue)?.()
    } else {
      const fresh = [job]
      this.#queues.set(key, fresh)
      void this.#run(key, fresh)
    }
  }

  #leaveQueue(key: string, job: Job): void {
    const queue = this.#queues.get(key) ?? []
    const at = queue.indexOf(job)
    if (at >= 0) queue.splice(at, 1)
  }

  async #run(key: string, queue: Job[]): Promise<void> {
    while (queue.length > 0 && !this.#closed) {
      if (this.#waitsForMore(queue)) await this.#gather(queue)
      await this.#perform(key, queue.splice(0, this.#combinable(queue)))
    }
    this.#queues.delete(key)
  }

  #combinable(queue: readonly Job[]): number {
    const { merge } = this.#context
    return combinable(queue, this.#options.alone ? 1 : MOST_COMBINED, (field) => merge.has(field))
  }

  /** May the head of this queue be joined by writes yet to come, and is it to wait for them? */
  #waitsForMore(queue: readonly Job[]): boolean {
    const { batch, alone } = this.#options
    if (!batch || alone || this.#closed || this.#flushes > 0) return false
    if (queue.length === 0 || queue.length >= batch.writes) return false
    return queue.every((job) => gathers(job, batch)) && this.#combinable(queue) === queue.length
  }

  #gather(queue: Job[]): Promise<void> {
    const { wait } = this.#options.batch as Batching
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#gathering.delete(queue)
        resolve()
      }
      const cancel = this.#context.runtime.schedule(end, wait)
      this.#gathering.set(queue, end)
    })
  }

  #sendGathered(): void {
    for (const end of [...this.#gathering.values()]) end()
  }

  async #perform(key: string, batch: readonly Job[]): Promise<void> {
    let jobs = batch
    const live = (): readonly Job[] => {
      if (jobs.some((job) => !this.#open.has(job))) jobs = jobs.filter((job) => this.#open.has(job))
      return jobs
    }
    if (live().length === 0) return
    const leaveOut = (index: number, error: SyncError): void => this.#fail(jobs[index] as Job, error)
    const newId = (): string => `${this.#context.origin}.${++this.#ops}`
    try {
      const outcome = await new Commit(this.#context, { key, live, leaveOut }, newId).run()
      for (const job of live()) this.#settle(job, outcome)
    } catch (error) {
      const addressed = withAddress(error, { ...this.#context.section.ref, key })
      for (const job of live()) this.#fail(job, addressed)
    }
  }

  #settle(job: Job, outcome: Outcome): void {
    this.#open.delete(job)
    job.settled.resolve(outcome)
  }

  #fail(job: Job, error: unknown): void {
    this.#open.delete(job)
    // its caller may have gone: then nobody is there to hear of it
    job.settled.promise.catch(() => {})
    job.settled.reject(error)
  }
}

/** Is this a write of the kind that is gathered? */
function gathers({ intent, options }: Job, { fields }: Batching): boolean {
  if (options.opId !== undefined || options.ifVersion !== undefined) return false
  if (intent.kind === 'update') return fields === undefined
  return intent.kind === 'set' && (!fields || Object.keys(intent.fields).every((field) => fields.has(field)))
}

/** Says which document an error is about, where it does not say so itself. */
function withAddress(error: unknown, address: SyncError['address']): unknown {
  if (error instanceof SyncError && error.address === undefined) Object.assign(error, { address })
  return error
}
