import type { Change, ChangeBatch, ChangesOptions, Collection, SyncInstance } from '@sync/core'
import type { TestDocument } from '../../context/sync-test-context.ts'
import type { SyncHarness } from '../../harness/harness.ts'
import { memoryStack, type StackInterceptors } from '../../harness/memory.ts'
import type { Mutant } from '../mutant.ts'

/** Creates a mutant of the in-memory stack. `interceptors` is called once per harness, so that its closure holds shared state. */
export const brokenStack = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  interceptors: () => StackInterceptors,
): Mutant => ({
  kind: 'sync',
  rule,
  name,
  expectedMessage,
  createHarness: () => memoryStack(interceptors()),
})

/** Creates a mutant with a broken harness of the in-memory stack. */
export const brokenHarness = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  change: (harness: SyncHarness) => SyncHarness,
): Mutant => ({ kind: 'sync', rule, name, expectedMessage, createHarness: async () => change(await memoryStack({})) })

/** Returns a batch with other changes. */
export const withChanges = <C>(batch: ChangeBatch<C>, changes: readonly C[]): ChangeBatch<C> =>
  Object.assign([...changes], { position: batch.position, synced: batch.synced })

/** Collection of the documents that the rules write. */
export type TestCollection = Collection<TestDocument>

/** Methods that a mutant replaces. */
export type CollectionOverrides = Partial<Omit<TestCollection, 'changes'>> & {
  changes?(options?: ChangesOptions<TestDocument>): AsyncIterable<ChangeBatch<Change<TestDocument>>>
}

/** Returns an instance with some methods replaced. */
export function overlayInstance(sync: SyncInstance, overrides: Partial<SyncInstance>): SyncInstance {
  const close = overrides.close ?? ((options) => sync.close(options))
  const own: Record<string, unknown> = { id: sync.id }
  for (const name of [
    'collection',
    'health',
    'stats',
    'onEvent',
    'catchUp',
    'verify',
    'recentConflicts',
    'flush',
  ] as const)
    own[name] = (...args: never[]) => (sync[name] as (...given: never[]) => unknown)(...args)
  return { ...(own as unknown as SyncInstance), [Symbol.asyncDispose]: () => close(), ...overrides, close }
}

/** Creates a mutant whose collections have some methods replaced. */
export const brokenCollections = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  breakInstance: (sync: SyncInstance) => (docs: TestCollection) => CollectionOverrides,
): Mutant =>
  brokenStack(rule, name, expectedMessage, () => ({
    sync(sync) {
      const breakCollection = breakInstance(sync)
      return overlayInstance(sync, {
        collection: ((definition: never, at: never) => {
          const docs = sync.collection(definition, at) as unknown as TestCollection
          return overlayCollection(docs, breakCollection(docs))
        }) as SyncInstance['collection'],
      })
    },
  }))

/** Returns a collection with some methods replaced. */
export const overlayCollection = (docs: TestCollection, overrides: CollectionOverrides): TestCollection =>
  new Proxy(docs, {
    get(target, name) {
      const replaced: unknown = Reflect.get(overrides, name)
      if (replaced !== undefined) return replaced
      const own: unknown = Reflect.get(target, name)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
