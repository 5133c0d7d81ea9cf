import {
  type Collection,
  type CollectionDefinition,
  type CollectionOptions,
  createInstance,
  createMemoryHub,
  defineCollection,
  type MemoryHub,
  memoryBus,
  memoryStore,
  type SyncInstance,
} from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'

export interface Doc {
  n: number
  list?: number[]
  nested?: { [key: string]: number }
}

/** A collection with its own store. */
export interface TestInstance extends AsyncDisposable {
  readonly hub: MemoryHub
  readonly sync: SyncInstance
  readonly docs: Collection<Doc>
  /** Returns the documents in the store. */
  stored(): Record<string, unknown>
}

export const documents = (options: Partial<CollectionOptions<Doc>> = {}): CollectionDefinition<Doc> =>
  defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options })

export function openTestInstance(
  definition: CollectionDefinition<Doc> = documents(),
  clock: VirtualRuntime = createVirtualRuntime(),
): TestInstance {
  const hub = createMemoryHub({ runtime: clock })
  const sync = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), runtime: clock })
  return {
    hub,
    sync,
    docs: sync.collection(definition, { partition: 'eu' }),
    stored() {
      const found = hub.store.inspect({ partition: 'eu', section: 'doc' })?.documents ?? []
      return Object.fromEntries([...found].map(([key, { text }]) => [key, JSON.parse(text)]))
    },
    [Symbol.asyncDispose]: () => sync.close(),
  }
}

/** Returns a whole recording as one text. */
export async function textOf(lines: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const line of lines) text += line
  return text
}
