import {
  type Collection,
  type CollectionOptions,
  type Definition,
  defineCollection,
  type Json,
  type Sync,
} from '@sync/core'
import type { ChangeBus, SectionRef, Store } from '@sync/core/adapter'
import type { SyncHarness } from '../harness/harness.ts'
import { show } from '../judge/violation.ts'
import { Stage, type StageOptions } from './stage.ts'
import { StoreWriter } from './store-stage.ts'

/** A document of the rules: any fields. */
export interface Doc {
  n: number
  a?: Json
  b?: Json
  list?: Json[]
}

type OpenOptions = NonNullable<Parameters<SyncHarness['open']>[0]>

/** What rules about a whole stack work with. */
export class SyncStage extends Stage<SyncHarness> {
  /** A client of the bus beside the instances. */
  readonly bus: ChangeBus
  /** A client of the store beside the instances: what it commits, no bus carries. */
  readonly store: Store

  private constructor(harness: SyncHarness, store: Store, bus: ChangeBus, options: StageOptions) {
    super(harness, options)
    this.store = store
    this.bus = bus
  }

  static async open(harness: SyncHarness, options: StageOptions): Promise<SyncStage> {
    const [store, bus] = [await harness.store(), await harness.bus()]
    const stage = new SyncStage(harness, store, bus, options)
    stage.after(() => Promise.all([store.close(), bus.close()]))
    return stage
  }

  /** One more instance. */
  async open(options?: OpenOptions): Promise<Sync> {
    const sync = await this.harness.open(options)
    this.after(() => sync.close({ deadline: '1s' }))
    return sync
  }

  /** A collection in a section of its own. */
  define(options: Partial<CollectionOptions<Doc>> = {}): Definition<Doc> {
    return defineCollection<Doc>({ section: this.name('docs'), ttl: 'never', ...options })
  }

  /** The section of a definition, in the harness's namespace. */
  sectionOf({ section }: { readonly section: string }): SectionRef {
    return { partition: this.harness.namespace, section }
  }

  /** A collection at an instance. */
  at<T>(sync: Sync, definition: Definition<T>): Collection<T> {
    return sync.collection(definition, { partition: this.harness.namespace })
  }

  /** Several instances with a handle each on one collection. */
  async fleet<const N extends 1 | 2 | 3, T = Doc>(
    count: N,
    definition: Definition<T>,
    options?: OpenOptions,
  ): Promise<Fleet<N, T>> {
    const members: Member<T>[] = []
    for (let n = 0; n < count; n++) {
      const sync = await this.open(options)
      const docs = this.at(sync, definition)
      await this.settled(docs.ready(), 'ready')
      members.push({ name: String.fromCharCode(65 + n), sync, docs })
    }
    // as many as were asked for
    return members as unknown as Fleet<N, T>
  }

  /** A writer that commits past every instance and bus: for all the others it is a lost message. */
  async writer(section: SectionRef): Promise<StoreWriter> {
    const writer = new StoreWriter(this, this.store, section, this.name('writer'))
    await writer.catchUp()
    return writer
  }

  /** Waits until every member holds this document. */
  async agree<T>(members: readonly Member<T>[], key: string, wanted: unknown, within?: number): Promise<void> {
    const text = show(sorted(wanted))
    const held = (): string[] => members.map(({ docs }) => show(sorted(docs.peek(key))))
    await this.until(
      () => held().every((each) => each === text),
      () => {
        const at = held().findIndex((each) => each !== text)
        return `key ${JSON.stringify(key)}: instance ${members[at]?.name} holds ${held()[at]} in place of ${text}`
      },
      within,
    )
  }

  /** Lets every member ask the store whether it missed anything. */
  async check(members: readonly Pick<Member<Doc>, 'sync'>[]): Promise<void> {
    await this.settled(Promise.all(members.map(({ sync }) => sync.check())), 'check', this.patience * 4)
  }
}

/** One instance, with its handle on the collection in question. */
export interface Member<T> {
  readonly name: string
  readonly sync: Sync
  readonly docs: Collection<T>
}

/** So many instances. */
export type Fleet<N extends 1 | 2 | 3, T> = readonly [
  ...{ 1: [Member<T>]; 2: [Member<T>, Member<T>]; 3: [Member<T>, Member<T>, Member<T>] }[N],
]

/** The same value with members in one order: for comparing texts. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  )
}
