import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  EncodedChange,
  Expectation,
  Loaded,
  SectionRef,
  Standing,
  Store,
  StoreCapabilities,
} from '@sync/core/adapter'
import type { Harness, StoreHarness } from '../harness/harness.ts'
import { demand, show } from '../judge/violation.ts'
import { Stage, type StageOptions } from './stage.ts'

/** Field texts by name; `undefined` removes the field. */
export type Texts = Readonly<Record<string, string | undefined>>

/** What rules about a store work with. */
export class StoreStage extends Stage<StoreHarness> {
  readonly capabilities: StoreCapabilities
  /** A client that is open from the start. */
  readonly store: Store

  private constructor(harness: StoreHarness, store: Store, options: StageOptions) {
    super(harness, options)
    this.store = store
    this.capabilities = store.capabilities
  }

  static async open(harness: StoreHarness, options: StageOptions): Promise<StoreStage> {
    const store = await harness.open()
    const stage = new StoreStage(harness, store, options)
    stage.after(() => store.close())
    return stage
  }

  /** One more client. */
  async open(): Promise<Store> {
    return this.keep(await this.harness.open())
  }

  /** A writer on a section that nobody has used, or on the one that is named. */
  async writer(options: { readonly store?: Store; readonly section?: SectionRef } = {}): Promise<StoreWriter> {
    const { store = this.store, section = this.section() } = options
    const writer = new StoreWriter(this, store, section, this.name('writer'))
    await writer.catchUp()
    return writer
  }

  /** A section that nobody has used. */
  section(name: string = this.name('section')): SectionRef {
    return { partition: this.harness.namespace, section: name }
  }
}

const sectionEqual = (ref: DocumentRef | undefined, { partition, section }: SectionRef): boolean =>
  ref?.partition === partition && ref.section === section

/** An answer by which a write was carried out. */
export type Committed = Extract<CommitResult, { status: 'committed' }>

/** Talks to one section as an instance would: knows where it stands, names every write. */
export class StoreWriter {
  readonly store: Store
  readonly section: SectionRef
  standing: Standing = { epoch: '', sequence: 0, answers: 0, lineage: [] }
  readonly #stage: Stage<Harness>
  readonly #name: string
  #ops = 0

  constructor(stage: Stage<Harness>, store: Store, section: SectionRef, name: string) {
    this.#stage = stage
    this.store = store
    this.section = section
    this.#name = `${name}.${section.partition}`
  }

  /** Asks where the section stands. */
  async catchUp(): Promise<Standing> {
    const heads = await this.#stage.settled(this.store.heads([{ scope: this.section }]), 'heads')
    const head = heads[0]
    demand(head && heads.length === 1, () => `heads of one scope: answered ${show(heads)}`)
    this.standing = head.standing
    return head.standing
  }

  ref(key: string): DocumentRef {
    return { ...this.section, key }
  }

  /** A request that writes fields, everything else as most writes have it. */
  request(key: string, texts: Texts, over: Partial<CommitRequest> = {}): CommitRequest {
    const { epoch, answers } = this.standing
    return {
      ref: this.ref(key),
      op: { id: `${this.#name}.${++this.#ops}`, attempt: 1, born: { epoch, answers } },
      epoch,
      origin: this.#name,
      action: 'write',
      fields: Object.entries(texts).map(([field, whole]) => (whole === undefined ? { field } : { field, whole })),
      others: 'keep',
      create: true,
      ...over,
    }
  }

  /** Sends a group; the answers have to be as many. */
  async sendAll(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const results = await this.#stage.settled(this.store.commit(group), 'commit')
    demand(
      results.length === group.length,
      () => `a group of ${group.length} got ${results.length} answers: ${show(results.map(({ status }) => status))}`,
    )
    const own = results.findLast((_, at) => sectionEqual(group[at]?.ref, this.section))
    this.standing = own?.standing ?? this.standing
    return results
  }

  async send(request: CommitRequest): Promise<CommitResult> {
    return (await this.sendAll([request]))[0] as CommitResult
  }

  /** Writes, and demands that it is committed. */
  async write(key: string, texts: Texts, over?: Partial<CommitRequest>): Promise<Committed> {
    return committed(await this.send(this.request(key, texts, over)), `write of ${JSON.stringify(key)}`)
  }

  async delete(key: string, over?: Partial<CommitRequest>): Promise<Committed> {
    return committed(
      await this.send(this.request(key, {}, { action: 'delete', ...over })),
      `delete of ${JSON.stringify(key)}`,
    )
  }

  async load(key: string): Promise<Loaded> {
    return loadOne(this.#stage, this.store, this.ref(key))
  }

  /** The parsed document; `undefined`: there is none. */
  async value(key: string): Promise<unknown> {
    const { document } = await this.load(key)
    return document && JSON.parse(document.text)
  }

  /** What a writer that has just read the key may expect. */
  async expectation(key: string): Promise<Expectation & { generation: number; version: number }> {
    const { standing, document } = await this.load(key)
    return {
      readAt: { epoch: standing.epoch, sequence: standing.sequence },
      generation: document?.generation ?? 0,
      version: document?.version ?? 0,
    }
  }

  /** All changes of the section that the log has. */
  async log(after = 0, limit = 1_000): Promise<readonly EncodedChange[]> {
    const { epoch } = await this.catchUp()
    const page = await this.#stage.settled(
      this.store.changesSince(this.section, { epoch, sequence: after }, limit),
      'changesSince',
    )
    demand(page.status === 'page', () => `the log after ${after}: '${page.status}' in place of a page`)
    return page.changes
  }
}

/** Loads one document. */
async function loadOne(stage: Stage<Harness>, store: Store, ref: DocumentRef): Promise<Loaded> {
  const loaded = await stage.settled(store.load([ref]), 'load')
  demand(loaded.length === 1, () => `a load of one document got ${loaded.length} answers`)
  return loaded[0] as Loaded
}

/** @throws Violation unless the answer says that it was committed. */
export function committed(result: CommitResult, what: string): Committed {
  demand(result.status === 'committed', () => `${what}: expected 'committed', got ${show(withoutStanding(result))}`)
  return result
}

/** An answer without where the section stands: for comparing two of them. */
export function withoutStanding({ standing: _, ...answer }: CommitResult): object {
  return answer
}
