import { expect } from 'vitest'
import type { SectionRef } from '../../src/model/address.ts'
import type { Change } from '../../src/model/change.ts'
import { decodeChange } from '../../src/transport/decode.ts'
import { listKeys } from '../../src/transport/list-keys.ts'
import type { CommitRequest, CommitResult, LoadResult, Store } from '../../src/transport/store.ts'
import type { SectionState } from '../../src/versioning/section-state.ts'

/** Field texts by name; `undefined` removes the field. */
export type Texts = Readonly<Record<string, string | undefined>>

let writers = 0

/** Writes to one section of a store as an instance would: tracks the section state and gives every write an op id. */
export class Writer {
  readonly store: Store
  readonly section: string
  state: SectionState = { epoch: '', sequence: 0, opResultCount: 0, ancestors: [] }
  readonly #name = `w${++writers}`
  #ops = 0

  private constructor(store: Store, section: string) {
    this.store = store
    this.section = section
  }

  static async open(store: Store, section = 'product'): Promise<Writer> {
    const writer = new Writer(store, section)
    await writer.catchUp()
    return writer
  }

  async catchUp(): Promise<SectionState> {
    const [head] = await this.store.heads([{ scope: { partition: 'eu', section: this.section } }])
    if (!head) throw new Error('the store returned no head')
    this.state = head.state
    return head.state
  }

  ref(key: string): CommitRequest['ref'] {
    return { partition: 'eu', section: this.section, key }
  }

  request(key: string, texts: Texts, overrides: Partial<CommitRequest> = {}): CommitRequest {
    return {
      ref: this.ref(key),
      op: { id: `${this.#name}.${++this.#ops}`, attempt: 1, idOrigin: this.state },
      epoch: this.state.epoch,
      origin: 'writer',
      action: 'write',
      fields: Object.entries(texts).map(([field, whole]) => (whole === undefined ? { field } : { field, whole })),
      otherFields: 'keep',
      allowCreate: true,
      ...overrides,
    }
  }

  async send(request: CommitRequest): Promise<CommitResult> {
    const [result] = await this.store.commit([request])
    if (!result) throw new Error('the store returned no result')
    this.state = result.state
    return result
  }

  write(key: string, texts: Texts, overrides?: Partial<CommitRequest>): Promise<CommitResult> {
    return this.send(this.request(key, texts, overrides))
  }

  delete(key: string, overrides?: Partial<CommitRequest>): Promise<CommitResult> {
    return this.send(this.request(key, {}, { action: 'delete', ...overrides }))
  }

  /** Returns the precondition that the document is as just read. */
  async expectation(key: string): Promise<NonNullable<CommitRequest['expect']>> {
    const { state, document } = await this.load(key)
    const readAt = { epoch: state.epoch, sequence: state.sequence }
    return { readAt, generation: document?.generation ?? 0, version: document?.version ?? 0 }
  }

  async load(key: string): Promise<LoadResult> {
    const [loaded] = await this.store.load([this.ref(key)])
    if (!loaded) throw new Error('the store returned no result')
    return loaded
  }

  async value(key: string): Promise<unknown> {
    const { document } = await this.load(key)
    return document && JSON.parse(document.text)
  }
}

/** Returns all keys of a section in the order of the pages. */
export async function keysOf(store: Store, section: SectionRef, prefix?: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of listKeys(store, section, prefix)) keys.push(key)
  return keys
}

/** Returns the change of a result, which must be a commit. */
export function committed(result: CommitResult | undefined): Change {
  if (result?.status !== 'committed') expect.fail(`not committed: ${JSON.stringify(result)}`)
  return decodeChange(result.change)
}
