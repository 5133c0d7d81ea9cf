import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Merge } from '../merge/merge.ts'
import {
  ClosedError,
  ConflictError,
  NotFoundError,
  OutcomeUnknownError,
  StoreAwayError,
  type SyncError,
} from '../model/errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Counters } from '../replica/counters.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import type { CommitRequest, CommitResult, CurrentVersions, OpId } from '../transport/store.ts'
import type { Write } from './api.ts'
import type { Committer } from './committer.ts'
import { type Base, type Draft, draft, needsBase } from './draft.ts'
import type { Job } from './job.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Publisher } from './publisher.ts'
import { validate } from './validate.ts'

const MOST_ATTEMPTS = 100
/** From this attempt on a conflicting write waits a little first. */
const PATIENT_FROM = 4

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
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  readonly schema: StandardSchemaV1 | undefined
  readonly conflict: (key: string, reason: string, attempt: number) => void
}

/** The jobs that share one commit. */
export interface Batch {
  readonly key: string
  /** Those that somebody still waits for. */
  live(): readonly Job[]
  /** One of several recipes failed: it goes without it. */
  leaveOut(index: number, error: SyncError): void
}

/** Brings one commit to its end: drafts it, sends it until there is an answer, and begins again after a conflict. */
export class Commit {
  readonly #context: WriteContext
  readonly #batch: Batch
  readonly #newId: () => string

  constructor(context: WriteContext, batch: Batch, newId: () => string) {
    this.#context = context
    this.#batch = batch
    this.#newId = newId
  }

  /** Rejects with what all its jobs are to be told. */
  async run(): Promise<Outcome> {
    const { section, counters, merge, schema } = this.#context
    const { key } = this.#batch
    await section.follow()
    let op: OpId | undefined
    let origin: JsonObject | undefined
    for (let attempt = 1; ; attempt++) {
      const [first] = this.#live()
      const needed =
        attempt > 1 || first.options.ifVersion !== undefined || needsBase(first.intent, merge, schema !== undefined)
      const base = await this.#base(needed)
      if (attempt === 1) origin = base?.value
      const drafted = await this.#draft(base, origin)
      const jobs = this.#live()
      // the id names the write, not the attempt: it stays
      op = op ? { ...op, attempt } : this.#opId(first.options)
      counters.attempts++
      const result = await this.#untilAnswered(this.#request(drafted, op, first.options, base), jobs)
      if (result.status === 'committed' || result.status === 'unchanged') return outcomeOf(result)
      if (result.status === 'forgotten') throw new OutcomeUnknownError(op.id, 'the store no longer knows this write')
      if (result.status === 'failed') throw result.error
      counters.conflicts++
      this.#context.conflict(key, result.reason, attempt)
      this.#giveUpIfDue(result, first, attempt)
      await this.#catchUp(result.current, attempt)
    }
  }

  #live(): readonly [Job, ...Job[]] {
    const [first, ...rest] = this.#batch.live()
    if (!first) throw new ClosedError('nobody waits for it any more')
    return [first, ...rest]
  }

  async #base(needed: boolean): Promise<Base | undefined> {
    const { documents } = this.#context.section
    const { key } = this.#batch
    const replica = needed ? await documents.settled(key) : documents.peek(key)
    if (!replica) return undefined
    const { value, epoch, seen } = replica
    return {
      value,
      generation: value ? replica.generation : 0,
      version: value ? replica.version : 0,
      readAt: { epoch, sequence: seen },
      fieldVersion: (field) => replica.fieldVersion(field),
    }
  }

  async #draft(base: Base | undefined, origin: JsonObject | undefined): Promise<Draft> {
    const { section, merge, schema } = this.#context
    const intents = this.#live().map(({ intent }) => intent)
    const start = { epoch: section.history.epoch, sequence: 0 }
    const leaveOut = (index: number, error: SyncError): void => this.#batch.leaveOut(index, error)
    const drafted = draft(intents, { base, origin, merge, start, leaveOut })
    if (schema && drafted.result) await validate(schema, drafted.result)
    return drafted
  }

  #opId({ opId }: Write): OpId {
    const { born } = this.#context.section.history
    return opId === undefined ? { id: this.#newId(), attempt: 1, born } : { id: opId, attempt: 1, born, kept: true }
  }

  #request(drafted: Draft, op: OpId, { ifVersion, meta }: Write, base: Base | undefined): CommitRequest {
    const { section, origin, ttl } = this.#context
    const { action, fields, others, create, expect } = drafted
    const only = ifVersion !== undefined &&
      base && { readAt: base.readAt, generation: base.generation, version: ifVersion }
    const expected = expect || only ? { readAt: section.place, ...expect, ...only } : undefined
    return {
      ref: { ...section.ref, key: this.#batch.key },
      op,
      epoch: section.history.epoch,
      origin,
      action,
      fields,
      others,
      create,
      ...(expected && { expect: expected }),
      ...(ttl !== undefined && { ttl }),
      ...(meta && { meta }),
    }
  }

  /** Sends until there is a definite answer that counts in today's epoch. */
  async #untilAnswered(
    request: CommitRequest,
    jobs: readonly Job[],
  ): Promise<Exclude<CommitResult, { status: 'epoch' }>> {
    const { section, committer, link, publisher, counters } = this.#context
    for (const job of jobs) {
      job.sent = true
      job.opId = request.op.id
    }
    for (let failures = 0; ; ) {
      const adoption = section.history.adoptions
      let result: CommitResult
      try {
        result = await committer.commit({ ...request, epoch: section.history.epoch })
      } catch (error) {
        if (!(error instanceof StoreAwayError)) throw error
        await link.pause(failures++)
        continue
      }
      // an answer of an epoch already left is none; a refusal for the epoch is answered by going there
      if (!section.hear(result.standing, adoption) || result.status === 'epoch') continue
      if (result.status === 'unchanged') counters.unchanged++
      if (result.status !== 'committed') return result
      counters.commits++
      publisher.publish(result.change)
      section.acceptOwn(result.change)
      const place = { epoch: result.standing.epoch, sequence: result.change.sequence }
      await section.untilShown(request.ref.key, place)
      // else the epoch was left meanwhile: only the next answer tells whether the commit is part of the new one
      if (section.history.adoptions === adoption || section.shows(request.ref.key, place)) return result
    }
  }

  #giveUpIfDue(
    conflict: Extract<CommitResult, { status: 'conflict' }>,
    { intent, options }: Job,
    attempt: number,
  ): void {
    const { reason, current } = conflict
    const insists = intent.kind === 'trySet' || intent.kind === 'create' || options.ifVersion !== undefined
    if (insists || attempt >= MOST_ATTEMPTS)
      throw new ConflictError(`the document is not as expected (${reason})`, current)
    if (reason === 'absent' && intent.kind === 'unset') throw new NotFoundError('there is no document to change')
  }

  /** Waits until what the conflict told of is held. */
  async #catchUp({ generation, version }: CurrentVersions, attempt: number): Promise<void> {
    const { section, link } = this.#context
    if (attempt >= PATIENT_FROM) await link.pause(Math.min(attempt - PATIENT_FROM, 3))
    const held = section.documents.peek(this.#batch.key)
    const upToDate = held?.value && held.settled && held.generation === generation && held.version === version
    if (!upToDate) await section.documents.refresh(this.#batch.key)
  }
}
