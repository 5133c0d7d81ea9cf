import { isBirth } from '../model/change.ts'
import { ClosedError } from '../model/errors.ts'
import { fromPosition, type Place, type Position, toPosition } from '../model/position.ts'
import { type JumpReason, type Observation, observed } from '../replica/observation.ts'
import type { Replica } from '../replica/replica.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import { decodeChange } from '../transport/decode.ts'
import type { ResetReason } from './api.ts'
import { type BacklogOptions, takeBatch } from './backlog.ts'
import { stoppable } from './stoppable.ts'
import type { Told } from './tell.ts'
import type { Upgrade } from './upgrade.ts'

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
  readonly until: 'stopped' | 'now'
  readonly maxBatch: number
  readonly combine: boolean
  readonly signal: AbortSignal | undefined
}

const placeOf = ({ epoch, sequence }: Place): Place => ({ epoch, sequence })

const NOWHERE: Place = { epoch: '', sequence: 0 }

/** Where to begin again: whoever resumes halfway through a snapshot is told all there is. */
const anew = (epoch: string): Position => toPosition({ epoch, sequence: 0 })

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
  readonly #upgrade: Upgrade
  readonly #batching: BacklogOptions
  /** What lies before has to be told first: from the log, or as a snapshot for this reason. */
  #begin: JumpReason | 'log' | undefined
  #live: Observation[] = []
  /** Documents whose changes cannot be told one by one: their values are. With the place of the last one. */
  readonly #onlyValues = new Map<string, Place>()
  /** Everything of the section up to here was handed out; single documents further. */
  #done: Place = NOWHERE
  readonly #doneByKey = new Map<string, Place>()
  /** Those of them as of which the end of the document was told. */
  readonly #ends = new WeakSet<Place>()
  /** The sequence at which something was seen that stands elsewhere. */
  readonly #asOf = new WeakMap<Observation, number>()
  /** The highest sequence of all that was handed out since the last jump. */
  #reach = 0
  /** Documents that, as far as the watcher knows, exist: should they be gone after a jump, it is told. */
  readonly #alive = new Set<string>()
  /** The watcher was told of all there are: what is not `#alive` came to its end before the snapshot was read. */
  #knowsAll = false
  #wake: () => void = () => {}
  #detach: () => void = () => {}
  #stopped = false
  /** The log was told up to here: what comes live of it is no news. */
  #logged: Place = NOWHERE
  /** The last change of the watched document that the log told. */
  #loggedChange: Place = NOWHERE
  /**
   * The values told are as of this sequence, or an earlier one. Until the stream itself is as far, no position is safe to save:
   * who resumed there would be told again, as changes, what is part of these values already.
   */
  #valuesUpTo = 0

  constructor(section: Section, link: StoreLink, options: StreamOptions, upgrade: Upgrade) {
    const { maxBatch, combine, fields, from } = options
    const wants = (told: Told): boolean => {
      if (!fields || !('fields' in told)) return true
      // what an old shape's fields are in today's shows only where the document is held
      if (told.kind === 'delta' && upgrade.upgrades) return true
      const shown = upgrade.told(told)
      return 'fields' in shown && shown.fields.some((field) => fields.has(field))
    }
    this.#section = section
    this.#link = link
    this.#options = options
    this.#upgrade = upgrade
    this.#batching = { maxBatch, combine, wants }
    this.#begin = from === 'now' ? undefined : from === 'snapshot' ? 'snapshot' : 'log'
    if (typeof from !== 'object') return
    // an earlier stream has shown all of that
    this.#reach = from.sequence
    if (options.key !== undefined) this.#alive.add(options.key)
  }

  /**
   * Batches until `signal` aborts, the caller stops, or the instance closes (`SYNC_CLOSED`). It ends at once when told to,
   * also while the store is being asked.
   */
  iterator(): AsyncIterator<readonly Told[], void> {
    return stoppable(this.#batches(), {
      signal: this.#options.signal,
      show: (batch) => batch.map((change) => this.#upgrade.told(change)),
      onStop: () => {
        this.#stopped = true
        this.#detach()
        this.#wake()
      },
    })
  }

  async *#batches(): AsyncGenerator<readonly Told[], void, void> {
    const { key, until } = this.#options
    const end = this.#section.onClose(() => this.#wake())
    try {
      if (this.#section.closed) throw new ClosedError('the instance is closed')
      await this.#section.follow()
      this.#attach()
      if (key !== undefined) await this.#section.hold(key)
      // all that the store holds now is told before there is nothing left to tell
      if (until === 'now') await this.#section.check()
      while (!this.#stopped) {
        if (this.#section.closed) throw new ClosedError('the instance is closed')
        yield* this.#next()
      }
    } finally {
      end()
      this.#detach()
    }
  }

  async *#next(): AsyncGenerator<readonly Told[], void, void> {
    if (this.#begin === 'log') yield* this.#fromLog(this.#options.from as Place)
    else if (this.#begin) yield* this.#fromSnapshot(this.#begin)
    else if (this.#onlyValues.size > 0) yield* this.#values([...this.#onlyValues.keys()], 'overflow')
    else if (this.#live.length > 0) yield* this.#batch(this.#live)
    else if (this.#options.until === 'now') this.#stopped = true
    else
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  // ---- live ------------------------------------------------------------------------------------------------------

  #attach(): void {
    const { key } = this.#options
    const { documents, history, ordered } = this.#section
    const reach = (): number => this.#reach
    const ahead = (): number => (this.#alive.has(key ?? '') ? this.#upTo(this.#loggedChange) : 0)
    const watcher = {
      get reach() {
        return reach()
      },
      get ahead() {
        return ahead()
      },
      observe: (seen: Observation) => this.#observe(seen),
      jump: (sequence: number, reason: JumpReason) => this.#jump(sequence, reason),
    }
    if (key === undefined) {
      this.#done = { epoch: history.epoch, sequence: ordered.released }
      this.#detach = ordered.observe(watcher)
      return
    }
    const seen = (): number => documents.peek(key)?.seen ?? 0
    this.#done = { epoch: history.epoch, sequence: seen() }
    // the log may have told it of more than its replica has heard
    const goBack = (): void => this.#jump(seen(), 'epoch')
    this.#detach = documents.observers.add(key, Object.assign(watcher, { goBack }))
  }

  /** Goes on after `sequence`, and what lies before cannot be told change by change. */
  #jump(sequence: number, reason: JumpReason): void {
    this.#live = []
    this.#done = { epoch: this.#section.history.epoch, sequence }
    this.#reach = sequence
    this.#valuesUpTo = 0
    this.#logged = NOWHERE
    this.#begin = reason
    this.#wake()
  }

  #observe(seen: Observation): void {
    const { key, kind, sequence } = seen
    if (!this.#inPrefix(key) || this.#isLogged(kind, sequence)) return
    this.#reach = Math.max(this.#reach, sequence)
    // the jump of a watched document may lead back: what was shown beyond it is lost, and need not be told any more
    if (kind === 'jump' && this.#options.key !== undefined)
      this.#live = this.#live.filter((each) => each.sequence <= sequence)
    if (this.#onlyValues.has(key)) this.#onlyValues.set(key, placeOf(seen))
    else this.#live.push(kind === 'change' || this.#options.key !== undefined ? seen : this.#inPlace(seen))
    if (this.#live.length > MOST_WAITING) {
      for (const each of this.#live) this.#onlyValues.set(each.key, placeOf(each))
      this.#live = []
    }
    this.#wake()
  }

  /** Has the log told it, or what came after it? An answer of before may come late: it leads nowhere back while history goes on. */
  #isLogged(kind: Observation['kind'], sequence: number): boolean {
    if (kind === 'change') return sequence <= this.#upTo(this.#logged)
    const last = this.#loggedChange
    return sequence < last.sequence && !this.#isLost(last)
  }

  /** Is this a place that the history that we are in does not have? */
  #isLost(place: Place): boolean {
    return this.#upTo(place) < place.sequence
  }

  /** What has no place in the section's sequence stands where the stream is; older changes of its document are no news. */
  #inPlace(seen: Observation): Observation {
    if (seen.sequence > this.#upTo(this.#doneByKey.get(seen.key))) this.#doneByKey.set(seen.key, placeOf(seen))
    return this.#standing(seen, this.#live.at(-1)?.sequence ?? this.#upTo(this.#done), seen.sequence)
  }

  #standing(seen: Observation, sequence: number, asOf: number): Observation {
    const placed = { ...seen, sequence }
    this.#asOf.set(placed, asOf)
    return placed
  }

  #doneUpTo(place: Place): void {
    const sequence = Math.max(this.#upTo(place), this.#upTo(this.#done))
    this.#done = { epoch: this.#section.history.epoch, sequence }
    this.#reach = Math.max(this.#reach, sequence)
  }

  /** How far a place reaches in the history that we are in. */
  #upTo(place: Place | undefined): number {
    return place ? this.#section.history.reach(place) : 0
  }

  #inPrefix(key: string): boolean {
    const { prefix } = this.#options
    return prefix === undefined || key.startsWith(prefix)
  }

  *#batch(waiting: Observation[]): Generator<readonly Told[], void, void> {
    const { told, unknown, upTo } = takeBatch(waiting, this.#batching, (seen) => this.#isNews(seen))
    for (const [key, sequence] of unknown) this.#onlyValues.set(key, { epoch: this.#section.history.epoch, sequence })
    for (const each of told) this.#note(each)
    this.#doneUpTo({ epoch: this.#section.history.epoch, sequence: upTo })
    const safe = this.#valuesUpTo > 0 ? this.#placed(told, unknown.size === 0) : told
    if (safe.length > 0) yield safe
  }

  /** With positions that are safe to save; `all`: with the last one all is done. */
  #placed(told: readonly Told[], all: boolean): readonly Told[] {
    const valuesUpTo = this.#valuesUpTo
    const caughtUp = all && this.#done.sequence >= valuesUpTo
    if (caughtUp) this.#valuesUpTo = 0
    return told.map((each, at) => {
      const { epoch, sequence } = fromPosition(each.position)
      if (sequence >= valuesUpTo) return each
      return { ...each, position: caughtUp && at === told.length - 1 ? toPosition(this.#done) : anew(epoch) }
    })
  }

  /** Was it not told by the document's value already? */
  #isNews(seen: Observation): boolean {
    const { key } = seen
    if (seen.kind === 'change') {
      const told = this.#doneByKey.get(key)
      if (told && this.#includes(told, seen)) return false
      if (isBirth(seen.change)) this.#alive.add(key)
      return !this.#knowsAll || this.#alive.has(key)
    }
    // a snapshot has told of its document what came later
    const asOf = this.#asOf.get(seen)
    const told = this.#doneByKey.get(key)
    if (asOf !== undefined && asOf < this.#upTo(told)) return false
    // of one expiry a load may tell, and then the log that is read after it
    if (asOf !== undefined && told && !seen.value) {
      if (this.#ends.has(told)) return false
      this.#ends.add(told)
    }
    // the jump of a watched document may lead back
    if (this.#options.key !== undefined) {
      this.#doneByKey.delete(key)
      this.#logged = NOWHERE
      this.#valuesUpTo = 0
    }
    return true
  }

  /** Is a change part of a value that was told, or does it not follow on it? */
  #includes(told: Place, seen: Observation): boolean {
    // also in a history that is lost the one follows on the other
    if (told.epoch === seen.epoch) return seen.sequence <= told.sequence
    // a value of the history that we are in: what was lost does not follow it
    const lost = this.#isLost(seen) && told.epoch === this.#section.history.epoch
    return lost || seen.sequence <= this.#upTo(told)
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
    const liveFrom = this.#upTo(this.#done)
    const latest = new Map<string, number>()
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
      for (const each of changes) latest.set(each.key, each.sequence)
      const last = changes.at(-1)
      if (key !== undefined && last) this.#loggedChange = { epoch, sequence: last.sequence }
      const decoded = changes.map((each) => ({ ...decodeChange(each), epoch }))
      // what its copy shows next has to follow on what is told
      if (key !== undefined)
        for (const [at, change] of decoded.entries()) this.#section.acceptLogged(change, changes[at]?.text.length ?? 0)
      const past = decoded.map((change) => observed(change, false))
      while (past.length > 0) {
        yield* this.#batch(past)
        // while it was taken, a jump may have put another beginning in place of this one
        if (this.#begin !== 'log') return
      }
      after = { epoch, sequence: page.upTo }
      this.#logged = { epoch, sequence: Math.max(page.upTo, from.sequence) }
      this.#doneUpTo(this.#logged)
      if (page.upTo >= liveFrom || page.upTo >= sequence) break
    }
    this.#begin = undefined
    // from a jump on everything counts; else what the log had is not told again when it comes live
    const jumps = ({ kind, sequence }: Observation): boolean => kind === 'jump' && !this.#isLogged(kind, sequence)
    const jump = key === undefined ? -1 : this.#live.findLastIndex(jumps)
    this.#live = jump >= 0 ? this.#live.slice(jump) : this.#live.flatMap((seen) => this.#afterLog(seen, latest))
    this.#endExpired(latest)
  }

  /** What the log has not told, where the stream is now. `latest`: the last change of each document that it told. */
  #afterLog(seen: Observation, latest: ReadonlyMap<string, number>): readonly Observation[] {
    const logged = this.#upTo(this.#logged)
    if (seen.kind === 'change') return seen.sequence > logged && !this.#isLost(seen) ? [seen] : []
    const asOf = this.#asOf.get(seen) ?? 0
    return asOf > (latest.get(seen.key) ?? 0) ? [this.#standing(seen, Math.max(seen.sequence, logged), asOf)] : []
  }

  /** The log has told of documents, up to these sequences, that are known here to be gone: of an expiry no log tells. */
  #endExpired(latest: ReadonlyMap<string, number>): void {
    const { documents, history } = this.#section
    for (const [key, sequence] of latest) {
      const copy = this.#alive.has(key) ? documents.peek(key) : undefined
      if (copy?.settled && !copy.exists && copy.seen >= sequence)
        this.#onlyValues.set(key, { epoch: history.epoch, sequence })
    }
  }

  /** Every document there is, as a reset. */
  async *#fromSnapshot(reason: JumpReason): AsyncGenerator<readonly Told[], void, void> {
    const { key } = this.#options
    this.#begin = undefined
    this.#doneByKey.clear()
    this.#onlyValues.clear()
    const keys = new Set(this.#alive)
    if (key !== undefined) keys.add(key)
    else {
      for (const each of await this.#listed()) keys.add(each)
      this.#knowsAll = true
    }
    yield* this.#values([...keys], reason === 'expired' ? 'log-truncated' : reason)
  }

  /** The keys of all documents there are: what is not among them is shown to be absent. */
  async #listed(): Promise<readonly string[]> {
    const { documents, history } = this.#section
    for (;;) {
      const { adoptions } = history
      const keys = await documents.keys(this.#options.prefix)
      const upTo = await documents.confirm(adoptions)
      if (upTo === undefined) continue
      this.#reach = Math.max(this.#reach, upTo)
      return keys
    }
  }

  /** The present values of these documents; only the last one carries a position that stands for all. */
  async *#values(keys: readonly string[], reason: ResetReason): AsyncGenerator<readonly Told[], void, void> {
    const { maxBatch, key: only } = this.#options
    const { history } = this.#section
    const whole = { epoch: history.epoch, sequence: this.#upTo(this.#done) }
    let batch: Told[] = []
    for (let at = 0; at < keys.length && !this.#begin; ) {
      const some = keys.slice(at, at + AT_ONCE)
      const { adoptions } = history
      const states = await Promise.all(some.map((key) => this.#stateOf(key, whole.sequence)))
      // nothing of a history that was left meanwhile is told: no jump would take it back
      if (history.adoptions !== adoptions) continue
      for (const [index, { value, version, changedAt, epoch, seen: sequence }] of states.entries()) {
        const key = some[index] as string
        // a change that came meanwhile makes it necessary once more
        if (this.#upTo(this.#onlyValues.get(key)) <= sequence) this.#onlyValues.delete(key)
        const last = at + index === keys.length - 1 && this.#onlyValues.size === 0
        const place = only === undefined ? whole : { epoch, sequence }
        this.#valuesUpTo = Math.max(this.#valuesUpTo, sequence)
        const safe = last && (only !== undefined || this.#valuesUpTo <= whole.sequence)
        const common = { key, version, commits: 1, at: changedAt, position: safe ? toPosition(place) : anew(epoch) }
        const known = this.#alive.has(key)
        if (value) batch.push({ ...common, kind: 'reset', value, reason })
        else if (known) batch.push({ ...common, kind: 'removed', reason: reason === 'epoch' ? 'lost' : 'deleted' })
        // all that was shown of the watched document by now is part of that
        if (only !== undefined && (value || known)) this.#live = []
        this.#note({ key, kind: value ? 'reset' : 'removed' })
        this.#doneByKey.set(key, { epoch, sequence })
        this.#reach = Math.max(this.#reach, sequence)
        if (batch.length < maxBatch) continue
        yield batch
        batch = []
      }
      at += some.length
    }
    // what was noted as told has to be told, though a new beginning may wait
    if (batch.length > 0) yield batch
  }

  /** The watched document is told as its replica has it: only so does what that shows next follow on what was told. */
  #stateOf(key: string, sequence: number): Promise<Replica> {
    const section = this.#section
    return this.#options.key === undefined ? section.glance(key, sequence) : section.settledAfter(key, sequence)
  }
}
