import { openStore } from '@sync/config'
import type { Store } from '@sync/core'
import type { Instance } from './instance.ts'
import { place } from './outages.ts'
import { type Copy, judge, noTally, type Tally, type Verdict } from './verdict.ts'

const SAMPLE = 100

type Moving = ReadonlyMap<string, { readonly stored: Copy | undefined }>

/** Compares the replicas with the store, a sample at a time, until it has seen every document and begins again. */
export class Auditor {
  readonly #store: Store
  readonly #replicas: readonly Instance[]
  #keys: AsyncIterator<string> | undefined
  /** By replica: what has to be looked at again. */
  readonly #moving = new Map<string, Moving>()

  constructor(store: Store, replicas: readonly Instance[]) {
    this.#store = store
    this.#replicas = replicas
  }

  /** One look: what it came to, by the replica's name. Rejects while the store is away. */
  async look(): Promise<ReadonlyMap<string, Tally>> {
    const next = await this.#nextKeys()
    const again = [...this.#moving.values()].flatMap((moving) => [...moving.keys()])
    const keys = [...new Set([...next, ...again])]
    const stored = await this.#stored(keys)
    const tallies = new Map<string, Tally>()
    for (const replica of this.#replicas) tallies.set(replica.name, await this.#compare(replica, keys, stored))
    return tallies
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #nextKeys(): Promise<string[]> {
    const keys: string[] = []
    this.#keys ??= this.#store.keys(place)[Symbol.asyncIterator]()
    while (keys.length < SAMPLE) {
      const { done, value } = await this.#keys.next()
      if (done) {
        this.#keys = undefined
        break
      }
      keys.push(value)
    }
    return keys
  }

  async #stored(keys: readonly string[]): Promise<ReadonlyMap<string, Copy>> {
    const loaded = await this.#store.load(keys.map((key) => ({ ...place, key })))
    const copies = new Map<string, Copy>()
    for (const [index, { document }] of loaded.entries()) {
      const { version, changedAt, text } = document ?? {}
      if (version === undefined || changedAt === undefined || text === undefined) continue
      copies.set(keys[index] as string, { version, changedAt, value: JSON.parse(text) })
    }
    return copies
  }

  async #compare(replica: Instance, keys: readonly string[], stored: ReadonlyMap<string, Copy>): Promise<Tally> {
    const before = this.#moving.get(replica.name)
    const moving = new Map<string, { stored: Copy | undefined }>()
    const tally: Record<Verdict, number> = { ...noTally }
    for (const key of keys) {
      const verdict = judge(stored.get(key), await replica.outages.entry(key), before?.get(key))
      tally[verdict]++
      if (verdict === 'moving' || verdict === 'stale') moving.set(key, { stored: stored.get(key) })
    }
    this.#moving.set(replica.name, moving)
    return tally
  }
}

/** Opens an auditor with a connection of its own to the store. */
export const openAuditor = async (store: string, replicas: readonly Instance[]): Promise<Auditor> =>
  new Auditor(await openStore(store), replicas)
