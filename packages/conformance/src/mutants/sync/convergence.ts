import type { Change, SyncInstance } from '@sync/core'
import type { TestDocument } from '../../context/sync-test-context.ts'
import type { Mutant } from '../mutant.ts'
import {
  brokenCollections,
  brokenStack,
  overlayCollection,
  overlayInstance,
  type TestCollection,
  withChanges,
} from './build.ts'
import { applyByAssignment, naiveReplica } from './naive.ts'

/** Update without a precondition: reads, changes the copy, and writes all of it. */
const blindUpdate =
  (docs: TestCollection): TestCollection['update'] =>
  async (key, recipe, options) => {
    const draft = structuredClone((await docs.get(key)) ?? { n: 0 }) as TestDocument
    const replaced = recipe(draft)
    return docs.assign(key, (replaced ?? draft) as never, options)
  }

/** Overlays an instance's own writes over the replica. */
const preferOwnWrites = (docs: TestCollection): Partial<TestCollection> => {
  const own = new Map<string, object>()
  return {
    assign(key, fields, options) {
      own.set(key, { ...own.get(key), ...fields })
      return docs.assign(key, fields, options)
    },
    peek: (key) => {
      const value = docs.peek(key)
      return value && { ...value, ...own.get(key) }
    },
  }
}

/** Stacks that do not converge. */
export const convergence: readonly Mutant[] = [
  brokenStack('SYNC-MRG-01', 'applies changes in order of arrival', /key "k", instance A: expected/, () =>
    naiveReplica(),
  ),
  brokenStack(
    'SYNC-MRG-02',
    'applies a duplicate again',
    /instance A: expected \{"list":\[1,2,3,4,5\],"n":0\}, got \{"list":\[/,
    () => naiveReplica(),
  ),
  brokenCollections(
    'SYNC-MRG-02',
    'emits a duplicate to watchers again',
    /the versions that a watcher received/,
    (sync) => (docs) => ({
      subscribe(key, listener) {
        let last: Change<TestDocument> | undefined
        let { duplicates } = sync.stats()
        return docs.subscribe(key, (change) => {
          const count = sync.stats().duplicates
          if (count > duplicates && last) listener(last)
          duplicates = count
          last = change
          listener(change)
        })
      },
    }),
  ),
  brokenCollections('SYNC-MRG-03', 'prefers its own writes', /key "k\d", instance \w: expected/, () => preferOwnWrites),
  brokenStack('SYNC-MRG-04', 'lets the later wall clock win', /instance (ahead|behind): expected/, () => {
    const newest = new Map<string, number>()
    return {
      sync: (sync, { now }) =>
        overlayInstance(sync, {
          collection: ((definition: never, at: never) => {
            const docs = sync.collection(definition, at) as unknown as TestCollection
            return overlayCollection(docs, {
              async assign(key, fields, options) {
                const time = now()
                if (time < (newest.get(key) ?? 0)) return { version: 0, position: '', changed: false }
                newest.set(key, time)
                return docs.assign(key, fields, options)
              },
            })
          }) as SyncInstance['collection'],
        }),
    }
  }),
  brokenCollections(
    'SYNC-MRG-05',
    'lets an update re-create a deleted document',
    /an update of a deleted document: expected a rejection/,
    () => (docs) => ({
      async update(key, recipe, options) {
        try {
          return await docs.update(key, recipe, options)
        } catch {
          const draft = { n: 0 }
          recipe(draft)
          return docs.assign(key, draft as never)
        }
      },
    }),
  ),
  brokenStack('SYNC-MRG-06', 'applies a patch partially', /the values that a watcher received|got .*7/, () =>
    naiveReplica(),
  ),
  brokenStack('SYNC-MRG-07', 'applies `__proto__`', /a received patch has modified Object\.prototype/, () =>
    naiveReplica(applyByAssignment),
  ),
  brokenCollections(
    'SYNC-MRG-08',
    'keeps only the last operation of a patch',
    /the document after combined changes, compared with single changes/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        if (options?.combine === false) return stream
        return (async function* () {
          for await (const batch of stream)
            yield withChanges(
              batch,
              batch.map((change) => ('patch' in change ? { ...change, patch: change.patch.slice(-1) } : change)),
            )
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-MRG-09',
    'updates without a precondition',
    /increments, nested members and sum after 18 concurrent updates each/,
    () => (docs) => ({
      update: blindUpdate(docs),
    }),
  ),
  brokenCollections(
    'SYNC-MRG-10',
    'keeps removed fields',
    /the digest of documents and histories: expected/,
    () => (docs) => ({
      unset: (key, _, options) => docs.unset(key, [], options),
    }),
  ),
  brokenCollections(
    'SYNC-CAS-01',
    'checks before it writes',
    /3 concurrent calls of compareAndSet with version 1: expected one to succeed, got 3/,
    () => (docs) => ({
      async compareAndSet(key, field, value, { expectedVersion }) {
        const entry = await docs.getEntry(key)
        const version = Reflect.get(entry?.fieldVersions ?? {}, field) ?? 0
        if (version !== expectedVersion)
          return { ok: false, fieldVersion: version, value: (entry && Reflect.get(entry.value, field)) as never }
        await docs.assign(key, { [field]: value })
        return { ok: true, fieldVersion: version + 1 }
      },
    }),
  ),
]
