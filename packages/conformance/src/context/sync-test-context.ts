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

/** A document of the rules: any fields. */
export interface TestDocument {
  n: number
  a?: Json
  b?: Json
  list?: Json[]
}

type ConnectOptions = NonNullable<Parameters<SyncHarness['open']>[0]>

/** What rules about a whole stack work with. */
export class SyncTestContext extends TestContext<SyncHarness> {
  /** A client of the bus beside the instances. */
  readonly bus: ChangeBus
  /** A client of the store beside the instances: what it commits, no bus carries. */
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

  /** One more instance. */
  async open(options?: ConnectOptions): Promise<SyncInstance> {
    const sync = await this.harness.open(options)
    this.onCleanup(() => sync.close({ deadline: '1s' }))
    return sync
  }

  /** A collection in a section of its own. */
  define(options: Partial<CollectionOptions<TestDocument>> = {}): CollectionDefinition<TestDocument> {
    return defineCollection<TestDocument>({ section: this.uniqueName('docs'), ttl: 'never', ...options })
  }

  /** The section of a definition, in the harness's namespace. */
  sectionOf({ section }: { readonly section: string }): SectionRef {
    return { partition: this.harness.namespace, section }
  }

  /** A collection at an instance. */
  collectionOf<T>(sync: SyncInstance, definition: CollectionDefinition<T>): Collection<T> {
    return sync.collection(definition, { partition: this.harness.namespace })
  }

  /** Several instances with a handle each on one collection. */
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
    // as many as were asked for
    return instances as unknown as TestInstances<N, T>
  }

  /** A writer that commits past every instance and bus: for all the others it is a lost message. */
  async writer(section: SectionRef): Promise<StoreWriter> {
    const writer = new StoreWriter(this, this.store, section, this.uniqueName('writer'))
    await writer.catchUp()
    return writer
  }

  /** Waits until every member holds this document. */
  async expectConverged<T>(
    instances: readonly TestInstance<T>[],
    key: string,
    expected: unknown,
    timeoutMs?: number,
  ): Promise<void> {
    const text = format(sortKeys(expected))
    const held = (): string[] => instances.map(({ docs }) => format(sortKeys(docs.peek(key))))
    await this.waitUntil(
      () => held().every((each) => each === text),
      () => {
        const at = held().findIndex((each) => each !== text)
        return `key ${JSON.stringify(key)}: instance ${instances[at]?.name} holds ${held()[at]} in place of ${text}`
      },
      timeoutMs,
    )
  }

  /** Lets every member ask the store whether it missed anything. */
  async catchUpAll(instances: readonly Pick<TestInstance<TestDocument>, 'sync'>[]): Promise<void> {
    await this.withTimeout(Promise.all(instances.map(({ sync }) => sync.catchUp())), 'check', this.stateTimeout * 4)
  }
}

/** One instance, with its handle on the collection in question. */
export interface TestInstance<T> {
  readonly name: string
  readonly sync: SyncInstance
  readonly docs: Collection<T>
}

/** So many instances. */
export type TestInstances<N extends 1 | 2 | 3, T> = readonly [
  ...{
    1: [TestInstance<T>]
    2: [TestInstance<T>, TestInstance<T>]
    3: [TestInstance<T>, TestInstance<T>, TestInstance<T>]
  }[N],
]

/** The same value with members in one order: for comparing texts. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sortKeys(each)]),
  )
}
