import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Merge } from '../merge/merge.ts'
import {
  ClosedError,
  ConflictError,
  DefinitionError,
  NotFoundError,
  OutcomeUnknownError,
  StoreUnavailableError,
  type SyncError,
} from '../model/errors.ts'
import { hashOf } from '../model/etag.ts'
import type { JsonObject } from '../model/json.ts'
import type { LogPosition } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import type { SectionDefinition } from '../model/section-definition.ts'
import { type ConflictReport, differingFields } from '../replica/conflict.ts'
import type { Metrics } from '../replica/metrics.ts'
import type { Replica } from '../replica/replica.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import type { CommitRequest, CommitResult, ConflictReason, CurrentVersions, OpId } from '../transport/store.ts'
import { type BaseDocument, buildCommit, type CommitContent, needsBase, needsSource } from './build-commit.ts'
import type { CommitBatcher } from './commit-batcher.ts'
import { type CommitOutcome, toOutcome } from './commit-outcome.ts'
import { createPendingWrite, type PendingWrite, type Precondition, type WriteGroup } from './pending-write.ts'
import type { Publisher } from './publisher.ts'
import type { SourceLoader, WriteRow } from './source-loader.ts'
import { validate, withUnknownMembers } from './validate.ts'
import type { WriteOperation } from './write-operation.ts'

const MAX_ATTEMPTS = 100
/** Attempt from which a conflicting write waits before it runs again. */
const BACKOFF_FROM_ATTEMPT = 4
/** Generation that no document has. The store remembers a commit that requires it, but never executes it. */
const IMPOSSIBLE_GENERATION = Number.MAX_SAFE_INTEGER

interface CommitAnswer {
  readonly result: Exclude<CommitResult, { status: 'stale-epoch' }>
  /** Number of times that the request was sent. */
  readonly sends: number
}

type ConflictResult = Extract<CommitResult, { status: 'conflict' }>

/** Operations that fail on conflict instead of retrying. */
const FAIL_ON_CONFLICT: ReadonlySet<WriteOperation['kind']> = new Set(['compareAndSet', 'create', 'fill'])

/** Runs one commit: builds it, sends it until the store answers, and rebuilds it after a conflict. */
export class CommitLoop {
  readonly #deps: WriteDeps
  readonly #group: WriteGroup
  readonly #nextOpId: () => string
  /** The source's answer, once this write has asked it. */
  #sourceAnswer: { readonly document: JsonObject | undefined } | undefined
  /** Document as the first attempt found it. `value` is absent if it did not exist or was not cached. */
  #initial:
    | (Pick<BaseDocument, 'value' | 'generation' | 'version'> & { readonly readAt: LogPosition | undefined })
    | undefined

  constructor(deps: WriteDeps, group: WriteGroup, nextOpId: () => string) {
    this.#deps = deps
    this.#group = group
    this.#nextOpId = nextOpId
  }

  /** Resolves with the outcome for all writes of the group; rejects with an error for all of them. */
  async run(): Promise<CommitOutcome> {
    const { section, metrics } = this.#deps
    await section.ensureSubscribed()
    const [firstWrite] = this.#liveWrites()
    let op = this.#toOpId(firstWrite)
    for (let attempt = 1; ; attempt++) {
      metrics.attempts++
      let content: CommitContent
      try {
        content = await this.#buildContent(attempt)
      } catch (error) {
        if (error instanceof ConflictError) this.#reportConflict({ reason: 'version' }, attempt, undefined)
        const known = attempt === 1 && op.isCallerGiven ? await this.#lookUpOutcome(op) : undefined
        if (known) return known
        throw error
      }
      // the operation id names the write, not the attempt, so every attempt uses the same one
      const { result, sends } = await this.#sendUntilAnswered(
        this.#toRequest(content, { ...op, attempt }, firstWrite),
        this.#liveWrites(),
      )
      if (result.status === 'committed' || result.status === 'unchanged') return toOutcome(result)
      if (result.status === 'failed') throw result.error
      if (result.status === 'definition-mismatch') throw this.#definitionError()
      if (result.status === 'op-expired') {
        if (sends > 1 || op.isCallerGiven)
          throw new OutcomeUnknownError(
            op.id,
            'the write may have been committed: the store no longer remembers its result',
          )
        // the id was never sent, but is older than the op memory: a new id is safe
        op = this.#toOpId(firstWrite)
        continue
      }
      await this.#onConflict(result, attempt, content.result?.())
    }
  }

  #liveWrites(): readonly [PendingWrite, ...PendingWrite[]] {
    const pendingWrites = this.#group.liveWrites()
    if (!isNonEmpty(pendingWrites)) throw new ClosedError('the write was cancelled before it was sent')
    return pendingWrites
  }

  async #buildContent(attempt: number): Promise<CommitContent> {
    const { section, merge, schema, migrate } = this.#deps
    for (;;) {
      const baseAtCall = await this.#liveWrites()[0].baseAtCall
      const replica = await this.#readReplica(attempt)
      const pendingWrites = this.#liveWrites()
      const { precondition } = pendingWrites[0]
      // absent at the call, created since: the caller can have seen only the source's document
      if (baseAtCall && !baseAtCall.value && replica?.value && this.#deps.sourceLoader && !this.#sourceAnswer) {
        this.#sourceAnswer = { document: await this.#readSource(pendingWrites[0]) }
        continue
      }
      const stored = replica?.value
      const completing = schema && stored && this.#completeSet(schema, pendingWrites[0], stored)
      // no await for other writes: value and versions must belong together
      const completed = completing && (await completing)
      // the completed document belongs to exactly this state
      const isSame = section.reader.peek(this.#group.key) === replica && replica?.value === stored && replica?.settled
      if (completed && !isSame) continue
      // the replica may have changed since the precondition was checked
      if (replica && precondition && !this.#matches(replica, precondition)) continue
      // no await between here and buildCommit: value and versions must belong together
      const base = replica && toBase(replica)
      this.#initial ??= { generation: 0, version: 0, value: undefined, readAt: undefined, ...base }
      const { runInContext } = pendingWrites[0]
      const input = {
        address: { ...section.ref, key: this.#group.key },
        base,
        initial: this.#initial,
        mergeBase: baseAtCall ? (baseAtCall.value ?? this.#sourceAnswer?.document) : this.#initial.value,
        merge,
        migrate,
        historyStart: { epoch: section.epochs.epoch, sequence: 0 },
        rejectWrite: (index: number, error: SyncError) => this.#group.rejectWrite(index, error),
      }
      const operations = completed ? [completed] : pendingWrites.map(({ operation }) => operation)
      const content = runInContext(() => buildCommit(operations, input))
      const { result } = content
      if (schema && result) await runInContext(() => validate(schema, result()))
      // a write that was cancelled or rejected in the meantime must not be committed
      if (this.#liveWrites().length !== pendingWrites.length) continue
      // a write that requires absence was not built from the cached document, and would overwrite it
      return schema && content.result && base && content.expect?.generation !== 0
        ? { ...content, expect: { ...content.expect, ...exactState(base) } }
        : content
    }
  }

  /** Returns a `set` with the stored members that the schema does not know; nothing for another write. */
  #completeSet(
    schema: StandardSchemaV1,
    { operation, runInContext }: PendingWrite,
    stored: JsonObject,
  ): Promise<WriteOperation> | undefined {
    if (operation.kind !== 'set') return undefined
    const { migrate } = this.#deps
    return runInContext(async () => ({
      kind: 'set' as const,
      document: await withUnknownMembers(schema, operation.document, migrate(stored)),
    }))
  }

  /** Returns the cached document, or loads it if the write requires it: from the store, then from the source. */
  async #readReplica(attempt: number): Promise<Replica | undefined> {
    const { section, merge, schema, needsWholeDocument, sourceLoader } = this.#deps
    const { reader } = section
    const { key } = this.#group
    const pendingWrites = this.#liveWrites()
    const [{ operation, precondition }] = pendingWrites
    const asksSource = sourceLoader && pendingWrites.some((write) => needsSource(write.operation, !!write.precondition))
    const isNeeded =
      attempt > 1 ||
      precondition !== undefined ||
      asksSource ||
      needsBase(operation, merge, needsWholeDocument) ||
      // to keep the members that the schema does not know
      (operation.kind === 'set' && schema !== undefined)
    let replica = isNeeded ? await reader.acquireSettled(key) : reader.peek(key)
    if (asksSource && !replica?.value) {
      await this.#fillFromSource(sourceLoader)
      replica = await reader.acquireSettled(key)
    }
    if (!replica || !precondition || this.#matches(replica, precondition)) return replica
    const refreshed = await section.refresh(key)
    if (this.#matches(refreshed, precondition)) return refreshed
    const version = versionOf(refreshed)
    throw this.#preconditionError(precondition, version)
  }

  /** Writes the source's document to the store, in a commit of its own before this one. */
  async #fillFromSource(sourceLoader: SourceLoader): Promise<void> {
    const { key } = this.#group
    const [write] = this.#liveWrites()
    const fill: WriteRow = (operation) => {
      const fillWrite = createPendingWrite(write.address, operation, {}, false, undefined, write.runInContext)
      // the fill is not sent after every caller has stopped waiting
      const liveWrites = (): readonly PendingWrite[] => (this.#group.liveWrites().length > 0 ? [fillWrite] : [])
      return new CommitLoop(this.#deps, { key, liveWrites, rejectWrite: () => {} }, this.#nextOpId).run()
    }
    const document = await write.runInContext(() => sourceLoader.fillForWrite(key, fill))
    if (document) this.#sourceAnswer = { document }
  }

  /** Returns the source's document, as its callers can have read it. */
  #readSource({ runInContext }: PendingWrite): Promise<JsonObject | undefined> {
    return runInContext(async () => this.#deps.sourceLoader?.read(this.#group.key))
  }

  #preconditionError({ version: expected, hash }: Precondition, version: number): ConflictError {
    const address = { ...this.#deps.section.ref, key: this.#group.key }
    const current = version === 0 ? 'absent' : `at version ${version}`
    const message =
      hash !== undefined
        ? `ifMatch is the etag of another state; the document is ${current}`
        : `ifVersion is ${expected}, but the document is ${current}`
    return new ConflictError(message, { version }, { address })
  }

  /** True if the document is in the state that the precondition requires. */
  #matches(replica: Replica, { version, generation, hash }: Precondition): boolean {
    if (versionOf(replica) !== version || (generation ?? replica.generation) !== replica.generation) return false
    return hash === undefined || (replica.value !== undefined && hashOf(replica.value) === hash)
  }

  #toOpId({ options }: PendingWrite): OpId {
    const { idOrigin } = this.#deps.section.epochs
    const { idempotencyKey } = options
    return idempotencyKey === undefined
      ? { id: this.#nextOpId(), attempt: 1, idOrigin }
      : { id: idempotencyKey, attempt: 1, idOrigin, isCallerGiven: true }
  }

  /**
   * Asks the store for the outcome of this operation id: a write that can no longer be built may have been committed
   * before.
   */
  async #lookUpOutcome(op: OpId): Promise<CommitOutcome | undefined> {
    const readAt = { epoch: this.#deps.section.epochs.epoch, sequence: 0 }
    const noChange = { action: 'write', fields: [], otherFields: 'keep', allowCreate: false } as const
    const [firstWrite] = this.#liveWrites()
    const request = this.#toRequest(
      { ...noChange, expect: { readAt, generation: IMPOSSIBLE_GENERATION } },
      { ...op, attempt: 0 },
      firstWrite,
    )
    const { result } = await this.#sendUntilAnswered(request, [])
    return result.status === 'committed' || result.status === 'unchanged' ? toOutcome(result) : undefined
  }

  #toRequest(content: CommitContent, op: OpId, { options: { meta }, precondition }: PendingWrite): CommitRequest {
    const { section, origin, ttl, definition } = this.#deps
    const { action, fields, otherFields, allowCreate, expect } = content
    // the commit was built from exactly this state
    const { readAt = section.position, generation = 0 } = this.#initial ?? {}
    const state = precondition && { readAt, generation, version: precondition.version }
    return {
      ref: { ...section.ref, key: this.#group.key },
      op,
      epoch: section.epochs.epoch,
      origin,
      action,
      fields,
      otherFields,
      allowCreate,
      ...((expect || precondition) && { expect: { readAt, ...state, ...expect } }),
      definition,
      ...(ttl !== undefined && { ttl }),
      ...(meta && { meta }),
    }
  }

  /** Sends the request until the store gives a definite answer that is valid in the current epoch. */
  async #sendUntilAnswered(request: CommitRequest, pendingWrites: readonly PendingWrite[]): Promise<CommitAnswer> {
    const { section, commitBatcher, retryingStore, publisher, metrics } = this.#deps
    for (const pendingWrite of pendingWrites) {
      pendingWrite.sent = true
      pendingWrite.opId = request.op.id
    }
    let mayBeCommitted = false
    for (let sends = 1, failures = 0; ; sends++) {
      const asOf = section.epochs.switches
      let result: CommitResult
      try {
        const { epoch } = section.epochs
        result = await commitBatcher.commit(request.epoch === epoch ? request : { ...request, epoch })
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw mayBeCommitted ? refusedRepetition(request, error) : error
        mayBeCommitted = true
        await retryingStore.backOff(failures++)
        continue
      }
      if (result.status === 'failed' && mayBeCommitted) throw refusedRepetition(request, result.error)
      mayBeCommitted ||= result.status === 'committed'
      // an answer of an abandoned epoch does not count; after a rejected epoch, the request is sent in the new one
      if (!section.acceptAnswer(result.state, asOf) || result.status === 'stale-epoch') continue
      if (result.status === 'unchanged') metrics.unchanged++
      if (result.status !== 'committed') return { result, sends }
      metrics.commits++
      if (result.published) publisher.countBytes(result.change)
      else publisher.publish(result.change)
      section.acceptOwnCommit(result.change)
      const position = { epoch: result.state.epoch, sequence: result.change.sequence }
      if (!section.hasApplied(request.ref.key, position)) await section.untilApplied(request.ref.key, position)
      // otherwise the epoch changed: only the next answer shows whether the commit belongs to the new history
      if (section.epochs.switches === asOf || section.hasApplied(request.ref.key, position)) return { result, sends }
    }
  }

  #definitionError(): DefinitionError {
    const { subscribeBy } = this.#deps.definition
    const other = subscribeBy === 'document' ? 'section' : 'document'
    return new DefinitionError(
      `subscribeBy: expected '${other}' as the store has it for this section, got '${subscribeBy}'`,
    )
  }

  /** Waits for the conflicting state and reports it. Throws if the write must not be retried. */
  async #onConflict(conflict: ConflictResult, attempt: number, local: JsonObject | undefined): Promise<void> {
    const { reason, current } = conflict
    const [{ operation, precondition }] = this.#liveWrites()
    await this.#waitForConflictingState(current, attempt)
    // the row of a source is not a caller's write
    if (operation.kind !== 'fill') this.#reportConflict(conflict, attempt, local)
    const failsOnConflict = FAIL_ON_CONFLICT.has(operation.kind) || precondition !== undefined
    if (failsOnConflict || attempt >= MAX_ATTEMPTS) {
      throw this.#conflictError(conflict, failsOnConflict ? undefined : attempt)
    }
    if (reason === 'absent' && operation.kind === 'unset')
      throw new NotFoundError('unset() requires a document, but none exists')
  }

  #conflictError({ reason, field, current }: ConflictResult, attempts: number | undefined): ConflictError {
    const address = { ...this.#deps.section.ref, key: this.#group.key, ...(field !== undefined && { field }) }
    const state = current.generation === 0 ? 'absent' : `at version ${current.version}`
    const message =
      attempts === undefined
        ? `${CONFLICT_MESSAGES[reason]}, but the document is ${state}`
        : `the write gave up after ${attempts} attempts; other writers keep changing the document`
    return new ConflictError(message, current, { address })
  }

  #reportConflict(
    { reason, field }: Pick<ConflictResult, 'reason' | 'field'>,
    attempt: number,
    local: JsonObject | undefined,
  ): void {
    const { section, metrics, reportConflict, migrate } = this.#deps
    const { key } = this.#group
    const remote = section.reader.peek(key)
    const { value: base, version: baseVersion = 0 } = this.#initial ?? { value: undefined }
    metrics.conflicts++
    const report = {
      key,
      reason,
      attempt,
      baseVersion,
      remoteVersion: remote ? versionOf(remote) : 0,
      ...(field !== undefined && { field }),
      ...(base && remote?.value && { fields: differingFields(base, remote.value) }),
      ...(base && { base: migrate(base) }),
      ...(local && { local }),
      ...(remote?.value && { remote: migrate(remote.value) }),
    }
    this.#liveWrites()[0].runInContext(() => reportConflict(report))
  }

  /** Waits until the conflicting state is cached. */
  async #waitForConflictingState({ generation, version }: CurrentVersions, attempt: number): Promise<void> {
    const { section, retryingStore } = this.#deps
    if (attempt >= BACKOFF_FROM_ATTEMPT) await retryingStore.backOff(Math.min(attempt - BACKOFF_FROM_ATTEMPT, 3))
    const cached = section.reader.peek(this.#group.key)
    const isUpToDate = cached?.value && cached.settled && cached.generation === generation && cached.version === version
    if (!isUpToDate) await section.refresh(this.#group.key)
  }
}

const CONFLICT_MESSAGES: Readonly<Record<ConflictReason, string>> = {
  absent: 'the write requires an existing document',
  exists: 'the write requires that the document is absent',
  deleted: 'the write requires that the document has not been deleted',
  generation: 'the write requires the generation that was read',
  version: 'the write requires the version that was read',
  field: 'the write requires the field version that was read',
}

const isNonEmpty = (writes: readonly PendingWrite[]): writes is readonly [PendingWrite, ...PendingWrite[]] =>
  writes.length > 0

/** Returns the error of a write that the store refused after an earlier request, which may have been committed. */
const refusedRepetition = ({ op, ref }: CommitRequest, cause: unknown): OutcomeUnknownError =>
  new OutcomeUnknownError(op.id, 'the write may have been committed: the store refused its repetition', {
    cause,
    address: ref,
  })

const versionOf = ({ value, version }: Replica): number => (value ? version : 0)

/** Describes a document for a commit that is built in the same turn of the event loop. */
const toBase = (replica: Replica): BaseDocument => ({
  value: replica.value,
  generation: replica.value ? replica.generation : 0,
  version: versionOf(replica),
  readAt: { epoch: replica.epoch, sequence: replica.sequence },
  fieldVersion: (field) => replica.fieldVersion(field),
})

/** Requires exactly the state that was validated. */
const exactState = ({ value, generation, version, readAt }: BaseDocument): NonNullable<CommitRequest['expect']> =>
  value ? { readAt, generation, version } : { readAt, generation: 0 }

/** Collaborators of {@link CommitLoop}. */
export interface WriteDeps {
  readonly origin: string
  readonly section: SectionReplica
  readonly retryingStore: RetryingStore
  readonly commitBatcher: CommitBatcher
  readonly publisher: Publisher
  readonly runtime: Runtime
  readonly metrics: Metrics
  readonly whenUnavailable: 'wait' | 'reject'
  readonly ttl: number | undefined
  readonly definition: SectionDefinition
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  readonly schema: StandardSchemaV1 | undefined
  readonly migrate: (stored: JsonObject) => JsonObject
  readonly sourceLoader: SourceLoader | undefined
  /** True if every write needs the whole resulting document, for a schema or a migration. */
  readonly needsWholeDocument: boolean
  /** Reports a conflict. An exception rejects the write. */
  readonly reportConflict: (conflict: ConflictReport) => void
}
