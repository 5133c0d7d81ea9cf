import type { Collection, Sync } from '@sync/core'
import type { SyncHarness } from '../../harness/harness.ts'
import { type Between, memoryStack } from '../../harness/memory.ts'
import type { Doc } from '../../stage/sync-stage.ts'
import type { Mutant } from '../mutant.ts'

/** A stack with something broken between its instances and the hub. A new one for each harness: state lies around its parts. */
export const stack = (rule: string, name: string, says: RegExp, between: () => Between): Mutant => ({
  kind: 'sync',
  rule,
  name,
  says,
  createHarness: () => memoryStack(between()),
})

/** A stack whose harness is broken. */
export const harnessed = (
  rule: string,
  name: string,
  says: RegExp,
  change: (harness: SyncHarness) => SyncHarness,
): Mutant => ({ kind: 'sync', rule, name, says, createHarness: async () => change(await memoryStack({})) })

/** A handle as the rules have them. */
export type Docs = Collection<Doc>

/** An instance with some of its methods replaced. */
export function overlaySync(sync: Sync, over: Partial<Sync>): Sync {
  const close = over.close ?? ((options) => sync.close(options))
  const own: Record<string, unknown> = { id: sync.id }
  for (const name of ['collection', 'health', 'stats', 'onEvent', 'check', 'verify', 'conflicts', 'flush'] as const)
    own[name] = (...args: never[]) => (sync[name] as (...given: never[]) => unknown)(...args)
  return { ...(own as unknown as Sync), [Symbol.asyncDispose]: () => close(), ...over, close }
}

/** A stack whose handles have some of their methods replaced. */
export const handles = (
  rule: string,
  name: string,
  says: RegExp,
  broken: (sync: Sync) => (docs: Docs) => Partial<Docs>,
): Mutant =>
  stack(rule, name, says, () => ({
    sync(sync) {
      const breakHandle = broken(sync)
      return overlaySync(sync, {
        collection: ((definition: never, at: never) => {
          const docs = sync.collection(definition, at) as unknown as Docs
          return overlayCollection(docs, breakHandle(docs))
        }) as Sync['collection'],
      })
    },
  }))

/** A handle with some of its methods replaced. */
export const overlayCollection = (docs: Docs, over: Partial<Docs>): Docs =>
  new Proxy(docs, {
    get(target, name) {
      const replaced: unknown = Reflect.get(over, name)
      if (replaced !== undefined) return replaced
      const own: unknown = Reflect.get(target, name)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
