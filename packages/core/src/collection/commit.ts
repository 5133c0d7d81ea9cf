import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Merge } from '../merge/merge.ts'
import {
  ClosedError,
  ConflictError,
  DefinitionError,
  NotFoundError,
  OutcomeUnknownError,
  StoreAwayError,
} from '../model/errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { Place } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import type { SectionDefinition } from '../model/section-definition.ts'
import type { ConflictReport } from '../replica/conflict.ts'
import type { Counters } from '../replica/counters.ts'
import type { Replica } from '../replica/replica.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import type { CommitRequest, CommitResult, CurrentVersions, OpId } from '../transport/store.ts'
import type { Committer } from './committer.ts'
import { type Base, type Draft, draft, needsBase } from './draft.ts'
import type { Intent } from './intent.ts'
import type { Batch, Job, Only } from './job.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Publisher } from './publisher.ts'
import { validate } from './validate.ts'

const MOST_ATTEMPTS = 100
/** From this attempt on a conflicting write waits a little first. */
const PATIENT_FROM = 4
/** No document was ever in this life: what expects it cannot be executed, only be remembered. */
const NO_LIFE = Number.MAX_SAFE_INTEGER

/** What writes of a section work with. */
export interface WriteContext {
  readonly origin: string
  readonly section: Section
  readonly link: StoreLink
  readonly committer: Committer
  readonly publisher: Publisher
  readonly runtime: Runtime
  readonly counters: Counters
  readonly whenAway: 'wait' | 'reject'
  readonly ttl: number | undefined
  readonly definition: SectionDefinition
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  readonly schema: StandardSchemaV1 | undefined
  readonly upgrade: (stored: JsonObject) => JsonObject
  /** Is something done with the whole document at every write: is it validated, or upgraded? */
  readonly whole: boolean
  /** Tells of a conflict. May throw: then the write is refused. */
  readonly conflict: (conflict: ConflictReport) => void
}

interface Answer {
  readonly result: Exclude<CommitResult, { status: 'epoch' }>
  /** How often it was sent. */
  readonly sends: number
}

type ConflictAnswer = Extract<CommitResult, { status: 'conflict' }>

/** They ask for one state of the document, and are told when it is another. */
const INSISTENT: ReadonlySet<Intent['kind']> = new Set(['trySet', 'create', 'fill'])

/** Brings one commit to its end: drafts it, sends it until there is an answer, and begins again after a conflict. */
export class Commit {
  readonly #context: WriteContext
  readonly #batch: Batch
  readonly #newId: () => string
  /** The document as the first attempt found it; no `value`: there was none, or none was held. */
  #first: (Pick<Base, 'value' | 'generation' | 'version'> & { readonly readAt: Place | undefined }) | undefined

  constructor(context: WriteContext, batch: Batch, newId: () => string) {
    this.#context = context
    this.#batch = batch
    this.#newId = newId
  }

  /** Rejects with what all its jobs are to be told. */
  async run(): Promise<Outcome> {
    const { section, counters } = this.#context
    await section.follow()
    const [first] = this.#live()
    let op = this.#opId(first)
    for (let attempt = 1; ; attempt++) {
      counters.attempts++
      let drafted: Draft
      try {
        drafted = await this.#draft(attempt)
      } catch (error) {
        if (error instanceof ConflictError) this.#report({ reason: 'version' }, attempt, undefined)
        const known = attempt === 1 && op.kept ? await this.#recall(op) : undefined
        if (known) return known
        throw error
      }
      // the id names the write, not the attempt: it stays
      const { result, sends } = await this.#untilAnswered(
        this.#request(drafted, { ...op, attempt }, first),
        this.#live(),
      )
      if (result.status === 'committed' || result.status === 'unchanged') return outcomeOf(result)
      if (result.status === 'failed') throw result.error
      if (result.status === 'definition') throw this.#contradiction()
      if (result.status === 'forgotten') {
        if (sends > 1 || op.kept) throw new OutcomeUnknownError(op.id, 'the store no longer knows this write')
        // never sent before, only born too long ago
        op = this.#opId(first)
        continue
      }
      await this.#met(result, attempt, drafted.result?.())
    }
  }

  #live(): readonly [Job, ...Job[]] {
    const jobs = this.#batch.live()
    if (!isSome(jobs)) throw new ClosedError('nobody waits for it any more')
    return jobs
  }

  async #draft(attempt: number): Promise<Draft> {
    const { section, merge, schema, upgrade } = this.#context
    for (;;) {
      const replica = await this.#replica(attempt)
      const jobs = this.#live()
      const { only } = jobs[0]
      // a change may have come since it was looked at
      if (replica && only && !this.#stands(replica, only)) continue
      // from here to the draft nothing may come between: value and versions have to belong together
      const base = replica && baseOf(replica)
      this.#first ??= { generation: 0, version: 0, value: undefined, readAt: undefined, ...base }
      const drafted = draft(
        jobs.map(({ intent }) => intent),
        {
          base,
          first: this.#first,
          origin: jobs[0].seen ?? this.#first.value,
          merge,
          upgrade,
          start: { epoch: section.history.epoch, sequence: 0 },
          leaveOut: (index, error) => this.#batch.leaveOut(index, error),
        },
      )
      if (schema && drafted.result) await validate(schema, drafted.result())
      // whoever gave up meanwhile, or was left out, must not be written
      if (this.#live().length !== jobs.length) continue
      // what asserts absence was not drafted from what is held, and would be written over it
      return schema && drafted.result && base && drafted.expect?.generation !== 0
        ? { ...drafted, expect: { ...drafted.expect, ...exactly(base) } }
        : drafted
    }
  }

  /** What is known of the document, and all of it where the draft needs that. */
  async #replica(attempt: number): Promise<Replica | undefined> {
    const { section, merge, whole } = this.#context
    const { documents } = section
    const { key } = this.#batch
    const [{ intent, only }] = this.#live()
    const needed = attempt > 1 || only !== undefined || needsBase(intent, merge, whole)
    const replica = needed ? await documents.settled(key) : documents.peek(key)
    if (!replica || !only || this.#stands(replica, only)) return replica
    const fresh = await section.renew(key)
    if (this.#stands(fresh, only)) return fresh
    const version = versionOf(fresh)
    throw new ConflictError(`the document is at version ${version}, not at that of ifVersion`, { version })
  }

  /** Is the document in the state that the caller insists on? */
  #stands(replica: Replica, { version, generation, readAt }: Only): boolean {
    if (readAt && !this.#context.section.history.holds(readAt)) return false
    return versionOf(replica) === version && (generation === undefined || generation === replica.generation)
  }

  #opId({ options }: Job): OpId {
    const { born } = this.#context.section.history
    const { opId } = options
    return opId === undefined ? { id: this.#newId(), attempt: 1, born } : { id: opId, attempt: 1, born, kept: true }
  }

  /** What cannot be drafted (any more) may have been done already, under the same id: the store is asked. */
  async #recall(op: OpId): Promise<Outcome | undefined> {
    const readAt = { epoch: this.#context.section.history.epoch, sequence: 0 }
    const nothing = { action: 'write', fields: [], others: 'keep', create: false } as const
    const [first] = this.#live()
    const request = this.#request({ ...nothing, expect: { readAt, generation: NO_LIFE } }, { ...op, attempt: 0 }, first)
    const { result } = await this.#untilAnswered(request, [])
    return result.status === 'committed' || result.status === 'unchanged' ? outcomeOf(result) : undefined
  }

  #request(drafted: Draft, op: OpId, { options: { meta }, only }: Job): CommitRequest {
    const { section, origin, ttl, definition } = this.#context
    const { action, fields, others, create, expect } = drafted
    // the draft was made from just this state
    const { readAt = section.place, generation = 0 } = this.#first ?? {}
    const state = only && { readAt, generation, version: only.version }
    return {
      ref: { ...section.ref, key: this.#batch.key },
      op,
      epoch: section.history.epoch,
      origin,
      action,
      fields,
      others,
      create,
      ...((expect || only) && { expect: { readAt, ...state, ...expect } }),
      definition,
      ...(ttl !== undefined && { ttl }),
      ...(meta && { meta }),
    }
  }

  /** Sends until there is a definite answer that counts in today's epoch. */
  async #untilAnswered(request: CommitRequest, jobs: readonly Job[]): Promise<Answer> {
    const { section, committer, link, publisher, counters } = this.#context
    for (const job of jobs) {
      job.sent = true
      job.opId = request.op.id
    }
    for (let sends = 1, failures = 0; ; sends++) {
      const adoption = section.history.adoptions
      let result: CommitResult
      try {
        const { epoch } = section.history
        result = await committer.commit(request.epoch === epoch ? request : { ...request, epoch })
      } catch (error) {
        if (!(error instanceof StoreAwayError)) throw error
        await link.pause(failures++)
        continue
      }
      // an answer of an epoch already left is none; a refusal for the epoch is answered by going there
      if (!section.hear(result.standing, adoption) || result.status === 'epoch') continue
      if (result.status === 'unchanged') counters.unchanged++
      if (result.status !== 'committed') return { result, sends }
      counters.commits++
      if (result.published) publisher.count(result.change)
      else publisher.publish(result.change)
      section.acceptOwn(result.change)
      const place = { epoch: result.standing.epoch, sequence: result.change.sequence }
      if (!section.shows(request.ref.key, place)) await section.untilShown(request.ref.key, place)
      // else the epoch was left meanwhile: only the next answer tells whether the commit is part of the new one
      if (section.history.adoptions === adoption || section.shows(request.ref.key, place)) return { result, sends }
    }
  }

  #contradiction(): DefinitionError {
    const { follow } = this.#context.definition
    const other = follow === 'key' ? 'section' : 'key'
    return new DefinitionError(`the section is followed by ${other}, here it is defined as followed by ${follow}`)
  }

  /** The document is not as expected: what it is now is held, told, and built upon; unless the write insisted. */
  async #met(conflict: ConflictAnswer, attempt: number, local: JsonObject | undefined): Promise<void> {
    const { reason, current } = conflict
    const [{ intent, only }] = this.#live()
    await this.#catchUp(current, attempt)
    this.#report(conflict, attempt, local)
    const insists = INSISTENT.has(intent.kind) || only !== undefined
    if (insists || attempt >= MOST_ATTEMPTS) {
      throw new ConflictError(`the document is not as expected (${reason})`, current)
    }
    if (reason === 'absent' && intent.kind === 'unset') throw new NotFoundError('there is no document to change')
  }

  #report(
    { reason, field }: Pick<ConflictAnswer, 'reason' | 'field'>,
    attempt: number,
    local: JsonObject | undefined,
  ): void {
    const { section, counters, conflict, upgrade } = this.#context
    const { key } = this.#batch
    const remote = section.documents.peek(key)
    const { value: base, version: baseVersion = 0 } = this.#first ?? { value: undefined }
    counters.conflicts++
    conflict({
      key,
      reason,
      attempt,
      baseVersion,
      remoteVersion: remote ? versionOf(remote) : 0,
      ...(field !== undefined && { field }),
      ...(base && { base: upgrade(base) }),
      ...(local && { local }),
      ...(remote?.value && { remote: upgrade(remote.value) }),
    })
  }

  /** Waits until what the conflict told of is held. */
  async #catchUp({ generation, version }: CurrentVersions, attempt: number): Promise<void> {
    const { section, link } = this.#context
    if (attempt >= PATIENT_FROM) await link.pause(Math.min(attempt - PATIENT_FROM, 3))
    const held = section.documents.peek(this.#batch.key)
    const upToDate = held?.value && held.settled && held.generation === generation && held.version === version
    if (!upToDate) await section.renew(this.#batch.key)
  }
}

const isSome = (jobs: readonly Job[]): jobs is readonly [Job, ...Job[]] => jobs.length > 0

const versionOf = ({ value, version }: Replica): number => (value ? version : 0)

/** A document for a draft that is made in the same turn of the event loop. */
const baseOf = (replica: Replica): Base => ({
  value: replica.value,
  generation: replica.value ? replica.generation : 0,
  version: versionOf(replica),
  readAt: { epoch: replica.epoch, sequence: replica.seen },
  fieldVersion: (field) => replica.fieldVersion(field),
})

/** What was validated is what has to be there. */
const exactly = ({ value, generation, version, readAt }: Base): NonNullable<CommitRequest['expect']> =>
  value ? { readAt, generation, version } : { readAt, generation: 0 }
