import {
  type Collection,
  type CollectionDefinition,
  type CollectionOptions,
  defineCollection,
  type Json,
  type SyncInstance,
} from '@sync/core'
import type { ChangeBus, SectionRef, Store } from '@sync/core/adapter'
import { format } from '../checkers/assertions.ts'
import type { SyncHarness } from '../harness/harness.ts'
import { StoreWriter } from './store-test-context.ts'
import { TestContext, type TestContextOptions } from './test-context.ts'

/** Document that the rules write. */
export interface TestDocument {
  n: number
  a?: Json
  b?: Json
  list?: Json[]
}

type ConnectOptions = NonNullable<Parameters<SyncHarness['open']>[0]>

/** Test context of rules about a whole stack. */
export class SyncTestContext extends TestContext<SyncHarness> {
  /** Client of the bus beside the instances. */
  readonly bus: ChangeBus
  /** Client of the store beside the instances. No bus carries its commits. */
  readonly store: Store

  private constructor(harness: SyncHarness, store: Store, bus: ChangeBus, options: TestContextOptions) {
    super(harness, options)
    this.store = store
    this.bus = bus
  }

  static async open(harness: SyncHarness, options: TestContextOptions): Promise<SyncTestContext> {
    const [store, bus] = [await harness.store(), await harness.bus()]
    const context = new SyncTestContext(harness, store, bus, options)
    context.onCleanup(() => Promise.all([store.close(), bus.close()]))
    return context
  }

  /** Opens another instance. */
  async open(options?: ConnectOptions): Promise<SyncInstance> {
    const sync = await this.harness.open(options)
    this.onCleanup(() => sync.close({ deadline: '1s' }))
    return sync
  }

  /** Defines a collection in an unused section. */
  define(options: Partial<CollectionOptions<TestDocument>> = {}): CollectionDefinition<TestDocument> {
    return defineCollection<TestDocument>({ section: this.uniqueName('docs'), ttl: 'never', ...options })
  }

  /** Returns a definition's section, in the harness's namespace. */
  sectionOf({ section }: { readonly section: string }): SectionRef {
    return { partition: this.harness.namespace, section }
  }

  /** Returns an instance's collection, in the harness's namespace. */
  collectionOf<T>(sync: SyncInstance, definition: CollectionDefinition<T>): Collection<T> {
    return sync.collection(definition, { partition: this.harness.namespace })
  }

  /** Opens several instances, each with a handle on the same collection. */
  async openInstances<const N extends 1 | 2 | 3, T = TestDocument>(
    count: N,
    definition: CollectionDefinition<T>,
    options?: ConnectOptions,
  ): Promise<TestInstances<N, T>> {
    const instances: TestInstance<T>[] = []
    for (let n = 0; n < count; n++) {
      const sync = await this.open(options)
      const docs = this.collectionOf(sync, definition)
      await this.withTimeout(docs.ready(), 'ready')
      instances.push({ name: String.fromCharCode(65 + n), sync, docs })
    }
    // The loop above opened exactly `count` instances.
    return instances as unknown as TestInstances<N, T>
  }

  /** Returns a writer whose commits no bus carries: to the instances, each of them is a lost message. */
  async writer(section: SectionRef): Promise<StoreWriter> {
    const writer = new StoreWriter(this, this.store, section, this.uniqueName('writer'))
    await writer.catchUp()
    return writer
  }

  /** Waits until the replica of every instance has this value. */
  async expectConverged<T>(
    instances: readonly TestInstance<T>[],
    key: string,
    expected: unknown,
    timeoutMs?: number,
  ): Promise<void> {
    const text = format(sortKeys(expected))
    const cached = (): string[] => instances.map(({ docs }) => format(sortKeys(docs.peek(key))))
    await this.waitUntil(
      () => cached().every((each) => each === text),
      () => {
        const at = cached().findIndex((each) => each !== text)
        return `key ${JSON.stringify(key)}, instance ${instances[at]?.name}: expected ${text}, got ${cached()[at]}`
      },
      timeoutMs,
    )
  }

  /** Lets every instance ask the store for missed changes. */
  async catchUpAll(instances: readonly Pick<TestInstance<TestDocument>, 'sync'>[]): Promise<void> {
    await this.withTimeout(Promise.all(instances.map(({ sync }) => sync.catchUp())), 'catchUp', this.stateTimeout * 4)
  }
}

/** Instance with its handle on the tested collection. */
export interface TestInstance<T> {
  readonly name: string
  readonly sync: SyncInstance
  readonly docs: Collection<T>
}

/** Tuple of `N` instances. */
export type TestInstances<N extends 1 | 2 | 3, T> = readonly [
  ...{
    1: [TestInstance<T>]
    2: [TestInstance<T>, TestInstance<T>]
    3: [TestInstance<T>, TestInstance<T>, TestInstance<T>]
  }[N],
]

/** Returns the value with the members of every object in one order, to compare texts. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sortKeys(each)]),
  )
}
