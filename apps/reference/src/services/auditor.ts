import { openStore } from '@sync/config'
import type { Store } from '@sync/core'
import { listKeys } from '@sync/core/adapter'
import type { Copies, Digest } from './commands.ts'
import { type Comparison, type ComparisonCounts, type Copy, compareCopies, noComparisons } from './comparison.ts'
import { combinedDigest, contentHash } from './content-hash.ts'
import { outagesSection } from './outages.ts'
import type { OpenService } from './service.ts'

const SAMPLE_SIZE = 100
const LOAD_BATCH_SIZE = 500

type PendingCopies = ReadonlyMap<string, { readonly stored: Copy | undefined }>

/** Compares the replicas with the store, one sample of documents at a time. After the last document it starts over. */
class Auditor {
  readonly #store: Store
  #keys: AsyncIterator<string> | undefined
  /** Documents to compare again, by replica. */
  readonly #pending = new Map<string, PendingCopies>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Returns the keys of the next sample, plus those to compare again. Rejects while the store is unavailable. */
  async sample(): Promise<readonly string[]> {
    const keys = new Set([...this.#pending.values()].flatMap((moving) => [...moving.keys()]))
    this.#keys ??= listKeys(this.#store, outagesSection)
    try {
      for (let n = 0; n < SAMPLE_SIZE; n++) {
        const { done, value } = await this.#keys.next()
        if (done) {
          this.#keys = undefined
          break
        }
        keys.add(value)
      }
    } catch (error) {
      this.#keys = undefined
      throw error
    }
    return [...keys]
  }

  /** Compares the replicas' copies with the store's documents. Keys are replica names. */
  async compare(
    keys: readonly string[],
    replicas: Readonly<Record<string, Copies>>,
  ): Promise<Readonly<Record<string, ComparisonCounts>>> {
    const stored = await this.#loadCopies(keys)
    const comparisons = Object.entries(replicas).map(([name, copies]) => [
      name,
      this.#compareReplica(name, keys, copies, stored),
    ])
    return Object.fromEntries(comparisons)
  }

  /** Returns the digest of all stored documents. */
  async digest(): Promise<Digest> {
    const keys = new Set<string>()
    for await (const key of listKeys(this.#store, outagesSection)) keys.add(key)
    const contents = new Map<string, string>()
    for (const [key, { content }] of await this.#loadCopies([...keys])) contents.set(key, content)
    return combinedDigest(contents)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #loadCopies(keys: readonly string[]): Promise<ReadonlyMap<string, Copy>> {
    const copies = new Map<string, Copy>()
    for (let from = 0; from < keys.length; from += LOAD_BATCH_SIZE) {
      const batch = keys.slice(from, from + LOAD_BATCH_SIZE)
      const loaded = await this.#store.load(batch.map((key) => ({ ...outagesSection, key })))
      for (const [index, { document }] of loaded.entries()) {
        const { version, changedAt, text } = document ?? {}
        if (version === undefined || changedAt === undefined || text === undefined) continue
        copies.set(batch[index] as string, { version, changedAt, content: contentHash(JSON.parse(text)) })
      }
    }
    return copies
  }

  #compareReplica(
    replica: string,
    keys: readonly string[],
    copies: Copies,
    stored: ReadonlyMap<string, Copy>,
  ): ComparisonCounts {
    const before = this.#pending.get(replica)
    const moving = new Map<string, { stored: Copy | undefined }>()
    const comparison: Record<Comparison, number> = { ...noComparisons }
    for (const key of keys) {
      const result = compareCopies(stored.get(key), copies[key], before?.get(key))
      comparison[result]++
      if (result === 'moving' || result === 'stale') moving.set(key, { stored: stored.get(key) })
    }
    this.#pending.set(replica, moving)
    return comparison
  }
}

/** Opens the auditor, which has its own connection to the store. */
export const openAuditor: OpenService = async ({ store }) => {
  const auditor = new Auditor(await openStore(store))
  return {
    handlers: {
      sample: async () => ({ keys: await auditor.sample() }),
      compare: ({ keys, copies }) => auditor.compare(keys, copies),
      digest: () => auditor.digest(),
    },
    close: () => auditor.close(),
  }
}
