import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  EncodedChange,
  Expectation,
  KeyPage,
  KeyQuery,
  LoadResult,
  SectionRef,
  SectionState,
  Store,
  StoreCapabilities,
} from '@sync/core/adapter'
import { assertThat, format } from '../checkers/assertions.ts'
import type { Harness, StoreHarness } from '../harness/harness.ts'
import { TestContext, type TestContextOptions } from './test-context.ts'

/** JSON texts of fields by name; `undefined` removes the field. */
export type FieldTexts = Readonly<Record<string, string | undefined>>

/** Test context of rules about stores. */
export class StoreTestContext extends TestContext<StoreHarness> {
  readonly capabilities: StoreCapabilities
  /** Client that is open from the start. */
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

  /** Opens another client. */
  async open(): Promise<Store> {
    return this.closeOnCleanup(await this.harness.open())
  }

  /** Returns a writer on an unused section, or on the given one. */
  async writer(options: { readonly store?: Store; readonly section?: SectionRef } = {}): Promise<StoreWriter> {
    const { store = this.store, section = this.section() } = options
    const writer = new StoreWriter(this, store, section, this.uniqueName('writer'))
    await writer.catchUp()
    return writer
  }

  /** Returns an unused section, or the one with the given name. */
  section(name: string = this.uniqueName('section')): SectionRef {
    return { partition: this.harness.namespace, section: name }
  }
}

const isInSection = (ref: DocumentRef | undefined, { partition, section }: SectionRef): boolean =>
  ref?.partition === partition && ref.section === section

/** Answer to a commit that was executed. */
export type Committed = Extract<CommitResult, { status: 'committed' }>

/** Writer of one section. Like an instance, it tracks the section's state and gives every write an operation id. */
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

  /** Loads the section's state, and returns it. */
  async catchUp(): Promise<SectionState> {
    const heads = await this.#context.withTimeout(this.store.heads([{ scope: this.section }]), 'heads')
    const head = heads[0]
    assertThat(head && heads.length === 1, () => `heads of one scope: expected one head, got ${format(heads)}`)
    this.state = head.state
    return head.state
  }

  ref(key: string): DocumentRef {
    return { ...this.section, key }
  }

  /** Returns a request that writes fields, with the defaults of an ordinary write. */
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

  /**
   * Sends a group, and returns its answers.
   * @throws Violation if the number of answers differs from the number of requests.
   */
  async sendAll(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    const results = await this.#context.withTimeout(this.store.commit(group), 'commit')
    assertThat(
      results.length === group.length,
      () =>
        `a group of ${group.length} requests: expected as many answers, got ${format(results.map(({ status }) => status))}`,
    )
    const own = results.findLast((_, at) => isInSection(group[at]?.ref, this.section))
    this.state = own?.state ?? this.state
    return results
  }

  async send(request: CommitRequest): Promise<CommitResult> {
    return (await this.sendAll([request]))[0] as CommitResult
  }

  /**
   * Writes fields, and returns the answer.
   * @throws Violation if the write is not committed.
   */
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

  /** Returns the parsed document, or `undefined` if it is absent. */
  async value(key: string): Promise<unknown> {
    const { document } = await this.load(key)
    return document && JSON.parse(document.text)
  }

  /** Returns the precondition of a writer that has just read the document. */
  async expectation(key: string): Promise<Expectation & { generation: number; version: number }> {
    const { state, document } = await this.load(key)
    return {
      readAt: { epoch: state.epoch, sequence: state.sequence },
      generation: document?.generation ?? 0,
      version: document?.version ?? 0,
    }
  }

  /** Returns a page of the section's keys. */
  async page(query: KeyQuery): Promise<KeyPage> {
    return this.#context.withTimeout(this.store.keys(this.section, query), 'keys')
  }

  /** Returns the section's keys, read in pages of `limit`. */
  async keys({ prefix = '', limit = 1_000 }: { prefix?: string | undefined; limit?: number } = {}): Promise<string[]> {
    const keys: string[] = []
    let after: string | undefined
    do {
      const page = await this.page({ prefix, limit, ...(after !== undefined && { after }) })
      keys.push(...page.keys)
      assertThat(
        page.cursor === undefined || page.cursor !== after,
        () => `a page of keys after ${JSON.stringify(after)}: its cursor did not advance`,
      )
      after = page.cursor
    } while (after !== undefined)
    return keys
  }

  /** Returns the section's changes in the log after a sequence, `limit` of them at most. */
  async log(after = 0, limit = 1_000): Promise<readonly EncodedChange[]> {
    const { epoch } = await this.catchUp()
    const page = await this.#context.withTimeout(
      this.store.changesSince(this.section, { epoch, sequence: after }, limit),
      'changesSince',
    )
    assertThat(page.status === 'page', () => `the log after ${after}: expected 'page', got '${page.status}'`)
    return page.changes
  }
}

/**
 * Loads one document.
 * @throws Violation if the number of answers is not one.
 */
async function loadOne(context: TestContext<Harness>, store: Store, ref: DocumentRef): Promise<LoadResult> {
  const loaded = await context.withTimeout(store.load([ref]), 'load')
  assertThat(loaded.length === 1, () => `a load of one document: expected one answer, got ${loaded.length}`)
  return loaded[0] as LoadResult
}

/**
 * Returns the answer of a commit that was executed.
 * @throws Violation if it was not.
 */
export function expectCommitted(result: CommitResult, what: string): Committed {
  assertThat(result.status === 'committed', () => `${what}: expected 'committed', got ${format(withoutState(result))}`)
  return result
}

/** Returns an answer without the section's state, to compare two answers. */
export function withoutState({ state: _, ...answer }: CommitResult): object {
  return answer
}
