import { ArgumentError, ClosedError } from '../model/errors.ts'
import { type Place, toPosition } from '../model/position.ts'
import { type JumpReason, type Observation, observed } from '../replica/observation.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import { decodeChange } from '../transport/decode.ts'
import type { ResetReason } from './api.ts'
import { type BacklogOptions, takeBatch } from './backlog.ts'
import type { Told } from './tell.ts'

/** Changes that may wait for a slow watcher; beyond, it is told the values instead. */
const MOST_WAITING = 10_000
const PAGE = 1_000
const AT_ONCE = 256

/** What a stream is asked for, its defaults filled in. */
export interface StreamOptions {
  readonly key: string | undefined
  readonly prefix: string | undefined
  readonly fields: ReadonlySet<string> | undefined
  readonly from: 'now' | 'snapshot' | Place
  readonly maxBatch: number
  readonly combine: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * The changes of one document, in its order; or of a section, in the order of its sequence.
 *
 * First what lies before (`from`), read from the log or as a snapshot; then what the section tells, which is kept waiting
 * meanwhile. A stream whose past is gone (the log trimmed, the epoch ended, too much waiting) begins again with a snapshot.
 */
export class ChangeStream {
  readonly #section: Section
  readonly #link: StoreLink
  readonly #options: StreamOptions
  readonly #batching: BacklogOptions
  /** What lies before has to be told first: from the log, or as a snapshot for this reason. */
  #begin: JumpReason | 'log' | undefined
  #live: Observation[] = []
  /** Documents whose changes cannot be told one by one: their values are. With the sequence of the last one. */
  readonly #onlyValues = new Map<string, number>()
  /** Everything of the section up to here was handed out; single documents further. */
  #done = 0
  readonly #doneByKey = new Map<string, number>()
  /** The highest sequence of all that was handed out since the last jump. */
  #reach = 0
  /** Documents that, as far as the watcher knows, exist: should they be gone after a jump, it is told. */
  readonly #alive = new Set<string>()
  #wake: () => void = () => {}
  #detach: () => void = () => {}
  #closed = false

  constructor(section: Section, link: StoreLink, options: StreamOptions) {
    if (options.key === undefined && section.options.follow === 'key') {
      throw new ArgumentError(`"${section.ref.section}" is followed by key: only single documents of it can be watched`)
    }
    const { maxBatch, combine, fields, from } = options
    const wants = (told: Told): boolean =>
      !fields || !('fields' in told) || told.fields.some((field) => fields.has(field))
    this.#section = section
    this.#link = link
    this.#options = options
    this.#batching = { maxBatch, combine, wants }
    this.#begin = from === 'now' ? undefined : from === 'snapshot' ? 'snapshot' : 'log'
  }

  /** Batches until `signal` aborts, the caller stops, or the instance closes (`SYNC_CLOSED`). */
  async *batches(): AsyncGenerator<readonly Told[], void, void> {
    const { signal, key } = this.#options
    const wake = (): void => this.#wake()
    signal?.addEventListener('abort', wake, { once: true })
    const end = this.#section.onClose(() => {
      this.#closed = true
      wake()
    })
    try {
      await this.#section.follow()
      this.#attach()
      if (key !== undefined) await this.#section.hold(key)
      while (!signal?.aborted) {
        if (this.#closed) throw new ClosedError('the instance is closed')
        yield* this.#next()
      }
    } finally {
      signal?.removeEventListener('abort', wake)
      end()
      this.#detach()
    }
  }

  async *#next(): AsyncGenerator<readonly Told[], void, void> {
    if (this.#begin === 'log') yield* this.#fromLog(this.#options.from as Place)
    else if (this.#begin) yield* this.#fromSnapshot(this.#begin)
    else if (this.#onlyValues.size > 0) yield* this.#values([...this.#onlyValues.keys()], 'overflow')
    else if (this.#live.length > 0) yield* this.#batch(this.#live)
    else
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  // ---- live ------------------------------------------------------------------------------------------------------

  #attach(): void {
    const { key } = this.#options
    const { documents, ordered } = this.#section
    if (key !== undefined) {
      this.#done = documents.peek(key)?.seen ?? 0
      this.#detach = documents.observers.add(key, (seen) => this.#observe(seen))
      return
    }
    const reach = (): number => this.#reach
    this.#done = ordered.released
    this.#detach = ordered.observe({
      get reach() {
        return reach()
      },
      observe: (seen) => this.#observe(seen),
      jump: (sequence, reason) => {
        this.#live = []
        this.#done = sequence
        this.#begin = reason
        this.#wake()
      },
    })
  }

  #observe(seen: Observation): void {
    if (!this.#inPrefix(seen.key)) return
    if (this.#onlyValues.has(seen.key)) this.#onlyValues.set(seen.key, seen.sequence)
    else this.#live.push(seen)
    if (this.#live.length > MOST_WAITING) {
      for (const { key, sequence } of this.#live) this.#onlyValues.set(key, sequence)
      this.#live = []
    }
    this.#wake()
  }

  #inPrefix(key: string): boolean {
    const { prefix } = this.#options
    return prefix === undefined || key.startsWith(prefix)
  }

  *#batch(waiting: Observation[]): Generator<readonly Told[], void, void> {
    const { told, unknown, upTo } = takeBatch(waiting, this.#batching, (seen) => this.#isNews(seen))
    for (const [key, sequence] of unknown) this.#onlyValues.set(key, sequence)
    for (const each of told) this.#note(each)
    this.#done = Math.max(this.#done, upTo)
    this.#reach = Math.max(this.#reach, this.#done)
    if (told.length > 0) yield told
  }

  /** Was it not told by the document's value already? */
  #isNews({ kind, key, sequence }: Observation): boolean {
    if (kind === 'change') return sequence > (this.#doneByKey.get(key) ?? 0)
    this.#doneByKey.delete(key)
    return true
  }

  #note({ key, kind }: Pick<Told, 'key' | 'kind'>): void {
    if (kind === 'removed') this.#alive.delete(key)
    else this.#alive.add(key)
  }

  // ---- what lies before ------------------------------------------------------------------------------------------

  /** From a saved position up to what is live. */
  async *#fromLog(from: Place): AsyncGenerator<readonly Told[], void, void> {
    const { key } = this.#options
    const { ref, history } = this.#section
    const scope = key === undefined ? ref : { ...ref, key }
    const liveFrom = this.#done
    for (let after = from; ; ) {
      const { adoptions } = history
      const page = await this.#link.read((store) => store.changesSince(scope, after, PAGE))
      if (!this.#section.hear(page.standing, adoptions)) continue
      // a jump meanwhile has put another beginning in place of this one
      if (this.#begin !== 'log') return
      if (page.status !== 'page') {
        this.#begin = page.status === 'elsewhere' ? 'epoch' : 'log-truncated'
        return
      }
      const { epoch, sequence } = page.standing
      const changes = page.changes.filter((each) => this.#inPrefix(each.key))
      const past = changes.map((each) => observed({ ...decodeChange(each), epoch }, false))
      while (past.length > 0) yield* this.#batch(past)
      after = { epoch, sequence: page.upTo }
      this.#done = Math.max(page.upTo, from.sequence)
      if (page.upTo >= liveFrom || page.upTo >= sequence) break
    }
    this.#begin = undefined
    // what the log had is not told again when it comes live
    this.#live = this.#live.filter((seen) => seen.sequence > this.#done)
  }

  /** Every document there is, as a reset. */
  async *#fromSnapshot(reason: JumpReason): AsyncGenerator<readonly Told[], void, void> {
    const { key, prefix } = this.#options
    this.#begin = undefined
    this.#doneByKey.clear()
    this.#reach = this.#done
    this.#onlyValues.clear()
    const keys = new Set(this.#alive)
    if (key !== undefined) keys.add(key)
    else {
      await this.#link.read(async (store) => {
        for await (const each of store.keys(this.#section.ref, prefix === undefined ? {} : { prefix })) keys.add(each)
      })
    }
    yield* this.#values([...keys], reason === 'expired' ? 'log-truncated' : reason)
  }

  /** The present values of these documents; only the last one carries a position that stands for all. */
  async *#values(keys: readonly string[], reason: ResetReason): AsyncGenerator<readonly Told[], void, void> {
    const { maxBatch, key: only } = this.#options
    const { history, documents } = this.#section
    const whole = { epoch: history.epoch, sequence: this.#done }
    // whoever resumes halfway through a snapshot begins it again
    const unfinished = reason === 'overflow' ? whole : { epoch: whole.epoch, sequence: 0 }
    let batch: Told[] = []
    for (let at = 0; at < keys.length && !this.#begin; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE)
      const states = await Promise.all(some.map((key) => documents.glance(key)))
      for (const [index, { value, version, changedAt, epoch, sequence }] of states.entries()) {
        const key = some[index] as string
        const last = at + index === keys.length - 1
        const place = only === undefined ? whole : { epoch, sequence }
        const common = { key, version, commits: 1, at: changedAt, position: toPosition(last ? place : unfinished) }
        const known = this.#alive.has(key)
        if (value) batch.push({ ...common, kind: 'reset', value, reason })
        else if (known) batch.push({ ...common, kind: 'removed', reason: reason === 'epoch' ? 'lost' : 'deleted' })
        this.#note({ key, kind: value ? 'reset' : 'removed' })
        this.#onlyValues.delete(key)
        this.#doneByKey.set(key, sequence)
        this.#reach = Math.max(this.#reach, sequence)
        if (batch.length < maxBatch) continue
        yield batch
        batch = []
      }
    }
    // what was noted as told has to be told, though a new beginning may wait
    if (batch.length > 0) yield batch
  }
}
