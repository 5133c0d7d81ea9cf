import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  EncodedChange,
  Expectation,
  LoadResult,
  SectionRef,
  SectionState,
  Store,
  StoreCapabilities,
} from '@sync/core/adapter'
import { assertThat, format } from '../checkers/assertions.ts'
import type { Harness, StoreHarness } from '../harness/harness.ts'
import { TestContext, type TestContextOptions } from './test-context.ts'

/** Field texts by name; `undefined` removes the field. */
export type FieldTexts = Readonly<Record<string, string | undefined>>

/** What rules about a store work with. */
export class StoreTestContext extends TestContext<StoreHarness> {
  readonly capabilities: StoreCapabilities
  /** A client that is open from the start. */
  readonly store: Store

  private constructor(harness: StoreHarness, store: Store, options: TestContextOptions) {
    super(harness, options)
    this.store = store
    this.capabilities = store.capabilities
  }

  static async open(harness: StoreHarness, options: TestContextOptions): Promise<StoreTestContext> {
    const store = await harness.open()
    const context = new StoreTestContext(harness, store, options)
    context.onCleanup(() => store.close())
    return context
  }

  /** One more client. */
  async open(): Promise<Store> {
    return this.closeOnCleanup(await this.harness.open())
  }

  /** A writer on a section that nobody has used, or on the one that is named. */
  async writer(options: { readonly store?: Store; readonly section?: SectionRef } = {}): Promise<StoreWriter> {
    const { store = this.store, section = this.section() } = options
    const writer = new StoreWriter(this, store, section, this.uniqueName('writer'))
    await writer.catchUp()
    return writer
  }

  /** A section that nobody has used. */
  section(name: string = this.uniqueName('section')): SectionRef {
    return { partition: this.harness.namespace, section: name }
  }
}

const isInSection = (ref: DocumentRef | undefined, { partition, section }: SectionRef): boolean =>
  ref?.partition === partition && ref.section === section

/** An answer by which a write was carried out. */
export type Committed = Extract<CommitResult, { status: 'committed' }>

/** Talks to one section as an instance would: knows where it stands, names every write. */
export class StoreWriter {
  readonly store: Store
  readonly section: SectionRef
  state: SectionState = { epoch: '', sequence: 0, opResultCount: 0, ancestors: [] }
  readonly #context: TestContext<Harness>
  readonly #name: string
  #ops = 0

  constructor(context: TestContext<Harness>, store: Store, section: SectionRef, name: string) {
    this.#context = context
    this.store = store
    this.section = section
    this.#name = `${name}.${section.partition}`
  }

  /** Asks where the section stands. */
  async catchUp(): Promise<SectionState> {
    const heads = await this.#context.withTimeout(this.store.heads([{ scope: this.section }]), 'heads')
    const head = heads[0]
    assertThat(head && heads.length === 1, () => `heads of one scope: answered ${format(heads)}`)
    this.state = head.state
    return head.state
  }

  ref(key: string): DocumentRef {
    return { ...this.section, key }
  }

  /** A request that writes fields, everything else as most writes have it. */
  request(key: string, texts: FieldTexts, overrides: Partial<CommitRequest> = {}): CommitRequest {
    const { epoch, opResultCount } = this.state
    return {
      ref: this.ref(key),
      op: { id: `${this.#name}.${++this.#ops}`, attempt: 1, idOrigin: { epoch, opResultCount } },
      epoch,
      origin: this.#name,
      action: 'write',
      fields: Object.entries(texts).map(([field, whole]) => (whole === undefined ? { field } : { field, whole })),
      otherFields: 'keep',
      allowCreate: true,
      ...overrides,
    }
  }

  /** Sends a group; the answers have to be as many. */
  async sendAll(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const results = await this.#context.withTimeout(this.store.commit(group), 'commit')
    assertThat(
      results.length === group.length,
      () => `a group of ${group.length} got ${results.length} answers: ${format(results.map(({ status }) => status))}`,
    )
    const own = results.findLast((_, at) => isInSection(group[at]?.ref, this.section))
    this.state = own?.state ?? this.state
    return results
  }

  async send(request: CommitRequest): Promise<CommitResult> {
    return (await this.sendAll([request]))[0] as CommitResult
  }

  /** Writes, and demands that it is committed. */
  async write(key: string, texts: FieldTexts, overrides?: Partial<CommitRequest>): Promise<Committed> {
    return expectCommitted(await this.send(this.request(key, texts, overrides)), `write of ${JSON.stringify(key)}`)
  }

  async delete(key: string, overrides?: Partial<CommitRequest>): Promise<Committed> {
    return expectCommitted(
      await this.send(this.request(key, {}, { action: 'delete', ...overrides })),
      `delete of ${JSON.stringify(key)}`,
    )
  }

  async load(key: string): Promise<LoadResult> {
    return loadOne(this.#context, this.store, this.ref(key))
  }

  /** The parsed document; `undefined`: there is none. */
  async value(key: string): Promise<unknown> {
    const { document } = await this.load(key)
    return document && JSON.parse(document.text)
  }

  /** What a writer that has just read the key may expect. */
  async expectation(key: string): Promise<Expectation & { generation: number; version: number }> {
    const { state, document } = await this.load(key)
    return {
      readAt: { epoch: state.epoch, sequence: state.sequence },
      generation: document?.generation ?? 0,
      version: document?.version ?? 0,
    }
  }

  /** All changes of the section that the log has. */
  async log(after = 0, limit = 1_000): Promise<readonly EncodedChange[]> {
    const { epoch } = await this.catchUp()
    const page = await this.#context.withTimeout(
      this.store.changesSince(this.section, { epoch, sequence: after }, limit),
      'changesSince',
    )
    assertThat(page.status === 'page', () => `the log after ${after}: '${page.status}' in place of a page`)
    return page.changes
  }
}

/** Loads one document. */
async function loadOne(context: TestContext<Harness>, store: Store, ref: DocumentRef): Promise<LoadResult> {
  const loaded = await context.withTimeout(store.load([ref]), 'load')
  assertThat(loaded.length === 1, () => `a load of one document got ${loaded.length} answers`)
  return loaded[0] as LoadResult
}

/** @throws Violation unless the answer says that it was committed. */
export function expectCommitted(result: CommitResult, what: string): Committed {
  assertThat(result.status === 'committed', () => `${what}: expected 'committed', got ${format(withoutState(result))}`)
  return result
}

/** An answer without where the section stands: for comparing two of them. */
export function withoutState({ state: _, ...answer }: CommitResult): object {
  return answer
}
