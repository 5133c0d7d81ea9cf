import { SectionCollection } from '../collection/collection.ts'
import type { CommitBatcher } from '../collection/commit-batcher.ts'
import type { WriteDeps } from '../collection/commit-loop.ts'
import type { Conflict } from '../collection/conflict.ts'
import { type CollectionDefinition, findDifference } from '../collection/definition.ts'
import { Publisher } from '../collection/publisher.ts'
import { Migration } from '../collection/schema-migration.ts'
import { SourceCalls } from '../collection/source-calls.ts'
import { SourceLoader } from '../collection/source-loader.ts'
import { WriteQueue } from '../collection/write-queue.ts'
import type { SectionRef } from '../model/address.ts'
import { assertNoPromise } from '../model/assert.ts'
import { ArgumentError, isSyncError, messageOf, RejectedError } from '../model/errors.ts'
import { type ConflictReport, withoutDocuments } from '../replica/conflict.ts'
import type { LoadBatcher } from '../replica/load-batcher.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionDeps } from '../replica/section-deps.ts'
import { SectionReplica } from '../replica/section-replica.ts'

/** An open section with its write path. */
export interface OpenSection {
  readonly section: SectionReplica
  readonly writeQueue: WriteQueue
  readonly handle: SectionCollection
  /** Client of the store that has the section. */
  readonly retryingStore: RetryingStore
  readonly loadBatcher: LoadBatcher
  /**
   * Uses the functions of a definition that was evaluated again, as by a hot reload, from now on.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if another of its options differs
   */
  adopt(definition: CollectionDefinition<unknown>): void
}

/** Assembles a section from its parts. */
export function openSection(
  ref: SectionRef,
  definition: CollectionDefinition<unknown>,
  shared: SharedDeps,
): OpenSection {
  const { subscribeBy, digest, replicate, ttl, sliding, cache, batch: batching, source } = definition
  /** Newest definition: its functions apply. */
  let current = definition
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
    { ...shared, background, onStart: () => shared.onStart(open) },
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
    if (current.onConflict) callOnConflict(current.onConflict, report)
  }
  const sourceLoader =
    source &&
    new SourceLoader({
      calls: new SourceCalls(() => current.source ?? source, ref, runtime),
      negativeTtl: source.negativeTtl,
      onStoreUnavailable: (callback) => retryingStore.whenUnavailable(callback),
      section,
      runtime,
    })
  const hasSchema = definition.schema !== undefined
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
    needsWholeDocument: hasSchema || definition.migrate !== undefined,
  }
  const writeQueue = new WriteQueue(
    {
      ...writeDeps,
      get merge() {
        return current.merge
      },
      get schema() {
        return current.schema
      },
      definition: { subscribeBy, digest },
      migrate: (stored) => migration.document(stored),
      reportConflict,
      sourceLoader,
    },
    // a schema or `onConflict` judges one write at a time, so that no write is rejected because of another
    { maxPendingWrites, batching, neverCombine: hasSchema || definition.onConflict !== undefined },
  )
  const open: OpenSection = {
    adopt(newer) {
      if (newer === current) return
      const difference = findDifference(current, newer)
      if (difference !== undefined)
        throw new ArgumentError(
          `definition: expected the options that the section was opened with, got another ${difference}; restart to change it`,
          { address: ref },
        )
      current = newer
      migration.replaceMigrate(newer.migrate)
    },
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
  if (replicate === 'all') background(ref, section.ready())
  return open
}

/** Calls `onConflict`. An exception from it rejects the write; so does a promise, whose verdict would come too late. */
function callOnConflict(onConflict: (conflict: Conflict<unknown>) => unknown, report: ConflictReport): void {
  try {
    assertNoPromise(onConflict(report as Conflict<unknown>), 'onConflict')
  } catch (cause) {
    if (isSyncError(cause)) throw cause
    const message = messageOf(cause)
    throw new RejectedError(`onConflict threw: ${message}`, [{ message }], { cause })
  }
}

/** Collaborators that all sections of an instance share. */
export interface SharedDeps extends Omit<SectionDeps, 'background' | 'onStart'>, Pick<WriteDeps, 'whenUnavailable'> {
  readonly commitBatcher: CommitBatcher
  readonly maxPendingWrites: number
  readonly reorderWindow: number
  /** Called when a section starts, for the first time or after its release. */
  readonly onStart: (open: OpenSection) => void
  /** True if `conflict` events contain documents. */
  readonly conflictValues: boolean
  /** Called with errors that no caller of this section awaits. */
  readonly onError: (error: unknown) => void
}
