import { SectionCollection } from '../collection/collection.ts'
import type { CommitBatcher } from '../collection/commit-batcher.ts'
import type { WriteDeps } from '../collection/commit-loop.ts'
import type { Conflict } from '../collection/conflict.ts'
import type { CollectionDefinition } from '../collection/definition.ts'
import { Publisher } from '../collection/publisher.ts'
import { Migration } from '../collection/schema-migration.ts'
import { SourceCalls } from '../collection/source-calls.ts'
import { SourceLoader } from '../collection/source-loader.ts'
import { WriteQueue } from '../collection/write-queue.ts'
import type { SectionRef } from '../model/address.ts'
import { assertNoPromise } from '../model/assert.ts'
import { isSyncError, RejectedError } from '../model/errors.ts'
import { type ConflictReport, withoutDocuments } from '../replica/conflict.ts'
import type { LoadBatcher } from '../replica/load-batcher.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionDeps } from '../replica/section-deps.ts'
import { SectionReplica } from '../replica/section-replica.ts'

/** An open section with its write path. */
export interface OpenSection {
  readonly definition: CollectionDefinition<unknown>
  readonly section: SectionReplica
  readonly writeQueue: WriteQueue
  readonly handle: SectionCollection
  /** Client of the store that has the section. */
  readonly retryingStore: RetryingStore
  readonly loadBatcher: LoadBatcher
}

/** Assembles a section from its parts. */
export function openSection(
  ref: SectionRef,
  definition: CollectionDefinition<unknown>,
  shared: SharedDeps,
): OpenSection {
  const {
    subscribeBy,
    digest,
    replicate,
    ttl,
    sliding,
    cache,
    merge,
    schema,
    onConflict,
    source,
    batch: batching,
  } = definition
  const {
    origin,
    retryingStore,
    bus,
    runtime,
    metrics,
    commitBatcher,
    whenUnavailable,
    maxPendingWrites,
    emit,
    onError,
    reorderWindow,
    conflictValues,
  } = shared
  const background = (_: SectionRef, work: Promise<unknown>): void => void work.catch(onError)
  const section = new SectionReplica(
    { ref, subscribeBy, digest, replicate, ttl, sliding, cache, reorderWindow },
    { ...shared, background },
  )
  const migration = new Migration(definition.migrate)
  const publisher = new Publisher(ref, subscribeBy === 'document', {
    bus,
    runtime,
    metrics,
    onFailure: (_, changes, error) => emit({ ...ref, type: 'publish-failed', changes, error }),
  })
  const reportConflict = (report: ConflictReport): void => {
    emit({ ...ref, type: 'conflict', ...(conflictValues ? report : withoutDocuments(report)) })
    if (onConflict) callOnConflict(onConflict, report)
  }
  const sourceLoader =
    source &&
    new SourceLoader({
      calls: new SourceCalls(source, ref, runtime),
      negativeTtl: source.negativeTtl,
      onStoreUnavailable: (callback) => retryingStore.whenUnavailable(callback),
      section,
      runtime,
    })
  const needsWholeDocument = schema !== undefined || definition.migrate !== undefined
  const writeDeps = {
    origin,
    section,
    retryingStore,
    commitBatcher,
    publisher,
    runtime,
    metrics,
    whenUnavailable,
    ttl,
    merge,
    schema,
    needsWholeDocument,
  }
  const writeQueue = new WriteQueue(
    {
      ...writeDeps,
      definition: { subscribeBy, digest },
      migrate: (stored) => migration.document(stored),
      reportConflict,
      sourceLoader,
    },
    // a schema or `onConflict` judges one write at a time, so that no write is rejected because of another
    { maxPendingWrites, batching, neverCombine: schema !== undefined || onConflict !== undefined },
  )
  if (replicate === 'all') background(ref, section.ready())
  return {
    definition,
    section,
    writeQueue,
    retryingStore,
    loadBatcher: shared.loadBatcher,
    handle: new SectionCollection({
      section,
      writeQueue,
      retryingStore,
      runtime,
      migration,
      sourceLoader,
      readsSourceInOutage: source?.whenStoreUnavailable === 'read',
      onError,
    }),
  }
}

/** Calls `onConflict`. An exception from it rejects the write; so does a promise, whose verdict would come too late. */
function callOnConflict(onConflict: (conflict: Conflict<unknown>) => unknown, report: ConflictReport): void {
  try {
    assertNoPromise(onConflict(report as Conflict<unknown>), 'onConflict')
  } catch (cause) {
    if (isSyncError(cause)) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError(`onConflict threw: ${message}`, [{ message }], { cause })
  }
}

/** Collaborators that all sections of an instance share. */
export interface SharedDeps extends Omit<SectionDeps, 'background'>, Pick<WriteDeps, 'whenUnavailable'> {
  readonly commitBatcher: CommitBatcher
  readonly maxPendingWrites: number
  readonly reorderWindow: number
  /** True if `conflict` events contain documents. */
  readonly conflictValues: boolean
  /** Called with errors that no caller of this section awaits. */
  readonly onError: (error: unknown) => void
}
