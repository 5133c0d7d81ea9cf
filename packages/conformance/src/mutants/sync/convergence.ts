import type { Change, SyncInstance } from '@sync/core'
import type { TestDocument } from '../../context/sync-test-context.ts'
import type { Mutant } from '../mutant.ts'
import { brokenCollections, brokenStack, overlayCollection, overlayInstance, type TestCollection } from './build.ts'
import { applyByAssignment, naiveReplica } from './naive.ts'

/** Reads, changes the copy, writes it whole: what an update must not be. */
const blindUpdate =
  (docs: TestCollection): TestCollection['update'] =>
  async (key, recipe, options) => {
    const draft = structuredClone((await docs.get(key)) ?? { n: 0 }) as TestDocument
    const replaced = recipe(draft)
    return docs.assign(key, (replaced ?? draft) as never, options)
  }

/** A stack of which every member is right but for its own writes. */
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

/** Stacks that end in different states. */
export const convergence: readonly Mutant[] = [
  brokenStack('SYNC-MRG-01', 'applies changes as they come', /key "k": instance A holds/, () => naiveReplica()),
  brokenStack(
    'SYNC-MRG-02',
    'applies a change again that comes again',
    /holds \{"list":\[(1,1|1,2,2|\S*\],"n":0\} in place of)/,
    () => naiveReplica(),
  ),
  brokenCollections(
    'SYNC-MRG-02',
    'tells watchers again what came again',
    /the versions that a watcher of a key was told/,
    (sync) => (docs) => ({
      subscribe(key, listener) {
        let last: Change<TestDocument> | undefined
        let { duplicates } = sync.stats()
        return docs.subscribe(key, (change) => {
          const now = sync.stats().duplicates
          if (now > duplicates && last) listener(last)
          duplicates = now
          last = change
          listener(change)
        })
      },
    }),
  ),
  brokenCollections(
    'SYNC-MRG-03',
    'prefers its own writes',
    /key "k\d": instance \w holds .* in place of/,
    () => preferOwnWrites,
  ),
  brokenStack('SYNC-MRG-04', 'lets the later wall clock win', /instance (ahead|behind) holds .* in place of/, () => {
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
    'updates what was deleted by making it again',
    /an update of a deleted document: was not refused/,
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
  brokenStack('SYNC-MRG-06', 'applies of a patch what fits', /what a watcher was shown|holds .*7/, () =>
    naiveReplica(),
  ),
  brokenStack('SYNC-MRG-07', 'applies `__proto__`', /has reached into the prototype of all objects/, () =>
    naiveReplica(applyByAssignment),
  ),
  brokenCollections(
    'SYNC-MRG-08',
    'combines changes to the last of them',
    /the document by combined changes, against one by one/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        if (options?.combine === false) return stream
        return (async function* () {
          for await (const batch of stream)
            yield batch.map((change) => ('patch' in change ? { ...change, patch: change.patch.slice(-1) } : change))
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-MRG-09',
    'writes back the whole of what it read',
    /increments, nested members, sum after 18 concurrent updates each/,
    () => (docs) => ({
      update: blindUpdate(docs),
    }),
  ),
  brokenCollections(
    'SYNC-MRG-10',
    'keeps fields that were removed',
    /the digest of documents and histories is \w+ in place of/,
    () => (docs) => ({
      unset: (key, _, options) => docs.unset(key, [], options),
    }),
  ),
  brokenCollections(
    'SYNC-CAS-01',
    'looks before it sets',
    /3 of 3 concurrent trySets that expect version 1 won/,
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
