import { openStore } from '@sync/config'
import type { Store } from '@sync/core'
import { contentOf, digestOf } from './contents.ts'
import type { Copies, Digest } from './orders.ts'
import { place } from './outages.ts'
import type { OpenService } from './service.ts'
import { type Copy, judge, noTally, type Tally, type Verdict } from './verdict.ts'

const SAMPLE = 100
const LOADED_AT_ONCE = 500

type Moving = ReadonlyMap<string, { readonly stored: Copy | undefined }>

/** Compares the replicas with the store, a sample at a time, until it has seen every document and begins again. */
class Auditor {
  readonly #store: Store
  #keys: AsyncIterator<string> | undefined
  /** By replica: what has to be looked at again. */
  readonly #moving = new Map<string, Moving>()

  constructor(store: Store) {
    this.#store = store
  }

  /** The next documents, with those that were moving when it looked. Rejects while the store is away. */
  async sample(): Promise<readonly string[]> {
    const keys = new Set([...this.#moving.values()].flatMap((moving) => [...moving.keys()]))
    this.#keys ??= this.#store.keys(place)[Symbol.asyncIterator]()
    try {
      for (let n = 0; n < SAMPLE; n++) {
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

  /** What the replicas' copies came to, by the replica's name. */
  async judge(
    keys: readonly string[],
    held: Readonly<Record<string, Copies>>,
  ): Promise<Readonly<Record<string, Tally>>> {
    const stored = await this.#stored(keys)
    const tallies = Object.entries(held).map(([name, copies]) => [name, this.#compare(name, keys, copies, stored)])
    return Object.fromEntries(tallies)
  }

  /** Of all that is stored. */
  async digest(): Promise<Digest> {
    const keys = new Set<string>()
    for await (const key of this.#store.keys(place)) keys.add(key)
    const contents = new Map<string, string>()
    for (const [key, { content }] of await this.#stored([...keys])) contents.set(key, content)
    return digestOf(contents)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #stored(keys: readonly string[]): Promise<ReadonlyMap<string, Copy>> {
    const copies = new Map<string, Copy>()
    for (let from = 0; from < keys.length; from += LOADED_AT_ONCE) {
      const some = keys.slice(from, from + LOADED_AT_ONCE)
      const loaded = await this.#store.load(some.map((key) => ({ ...place, key })))
      for (const [index, { document }] of loaded.entries()) {
        const { version, changedAt, text } = document ?? {}
        if (version === undefined || changedAt === undefined || text === undefined) continue
        copies.set(some[index] as string, { version, changedAt, content: contentOf(JSON.parse(text)) })
      }
    }
    return copies
  }

  #compare(replica: string, keys: readonly string[], held: Copies, stored: ReadonlyMap<string, Copy>): Tally {
    const before = this.#moving.get(replica)
    const moving = new Map<string, { stored: Copy | undefined }>()
    const tally: Record<Verdict, number> = { ...noTally }
    for (const key of keys) {
      const verdict = judge(stored.get(key), held[key], before?.get(key))
      tally[verdict]++
      if (verdict === 'moving' || verdict === 'stale') moving.set(key, { stored: stored.get(key) })
    }
    this.#moving.set(replica, moving)
    return tally
  }
}

/** The auditor, with a connection of its own to the store. */
export const openAuditor: OpenService = async ({ store }) => {
  const auditor = new Auditor(await openStore(store))
  return {
    handlers: {
      sample: async () => ({ keys: await auditor.sample() }),
      judge: ({ keys, held }) => auditor.judge(keys, held),
      digest: () => auditor.digest(),
    },
    close: () => auditor.close(),
  }
}
