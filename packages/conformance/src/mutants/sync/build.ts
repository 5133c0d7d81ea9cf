import type { Collection, SyncInstance } from '@sync/core'
import type { TestDocument } from '../../context/sync-test-context.ts'
import type { SyncHarness } from '../../harness/harness.ts'
import { memoryStack, type StackInterceptors } from '../../harness/memory.ts'
import type { Mutant } from '../mutant.ts'

/** A stack with something broken between its instances and the hub. A new one for each harness: state lies around its parts. */
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

/** A stack whose harness is broken. */
export const brokenHarness = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  change: (harness: SyncHarness) => SyncHarness,
): Mutant => ({ kind: 'sync', rule, name, expectedMessage, createHarness: async () => change(await memoryStack({})) })

/** A handle as the rules have them. */
export type TestCollection = Collection<TestDocument>

/** An instance with some of its methods replaced. */
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

/** A stack whose handles have some of their methods replaced. */
export const brokenCollections = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  breakInstance: (sync: SyncInstance) => (docs: TestCollection) => Partial<TestCollection>,
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

/** A handle with some of its methods replaced. */
export const overlayCollection = (docs: TestCollection, overrides: Partial<TestCollection>): TestCollection =>
  new Proxy(docs, {
    get(target, name) {
      const replaced: unknown = Reflect.get(overrides, name)
      if (replaced !== undefined) return replaced
      const own: unknown = Reflect.get(target, name)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
