import { ClosedError, LimitError, StoreAwayError, SyncError } from '../model/errors.ts'
import type { Write } from './api.ts'
import { Commit, type WriteContext } from './commit.ts'
import type { Intent } from './intent.ts'
import { combinable, inDoubt, type Job, newJob } from './job.ts'
import type { Outcome } from './outcome.ts'
import { bounded, gaveUp } from './wait.ts'

const MOST_COMBINED = 1_000
/** Writes that may wait in one section: a store that is away must not fill the memory. */
const MOST_OPEN = 100_000

/**
 * A section's writes. One key's run one after another, keys in parallel. Writes that wait behind a commit in flight
 * combine into the next one, where they are alike.
 */
export class Writer {
  readonly #context: WriteContext
  readonly #queues = new Map<string, Job[]>()
  /** Those whose caller still waits. */
  readonly #open = new Set<Job>()
  #ops = 0
  #closed = false

  constructor(context: WriteContext) {
    this.#context = context
  }

  /** Queues a write. The promise ends with the caller's patience; what was sent goes on until its outcome is known. */
  write(key: string, intent: Intent, options: Write): Promise<Outcome> {
    const { link, whenAway, runtime } = this.#context
    if (this.#closed) return Promise.reject(new ClosedError('the instance is closed'))
    if (this.#open.size >= MOST_OPEN) return Promise.reject(new LimitError(`${MOST_OPEN} writes are under way already`))
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
      this.#open.delete(job)
      this.#leaveQueue(key, job)
      return gaveUp(why, options)
    })
  }

  /** Resolves when every write begun before is over and published. */
  async flush(): Promise<void> {
    await Promise.allSettled([...this.#open].map((job) => job.settled.promise))
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
    for (const job of [...this.#open]) {
      this.#fail(job, job.sent ? inDoubt(job, 'the instance was closed') : new ClosedError('the instance is closed'))
    }
  }

  #enqueue(key: string, job: Job): void {
    this.#open.add(job)
    const queue = this.#queues.get(key)
    if (queue) queue.push(job)
    else {
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
    const { merge, schema } = this.#context
    const merged = (field: string): boolean => merge.has(field)
    // what is validated goes alone: nobody answers for another's document
    const most = schema ? 1 : MOST_COMBINED
    while (queue.length > 0 && !this.#closed) {
      const batch = queue.splice(0, combinable(queue, most, merged))
      await this.#perform(key, batch)
    }
    this.#queues.delete(key)
  }

  async #perform(key: string, batch: readonly Job[]): Promise<void> {
    let jobs = batch
    const live = (): readonly Job[] => {
      jobs = jobs.filter((job) => this.#open.has(job))
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

/** Says which document an error is about, where it does not say so itself. */
function withAddress(error: unknown, address: SyncError['address']): unknown {
  if (error instanceof SyncError && error.address === undefined) Object.assign(error, { address })
  return error
}
