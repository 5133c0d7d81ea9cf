import type { KeyPage, KeyQuery, SectionRef, Store } from '@sync/core/adapter'
import { compareCodePoints, listKeys } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { brokenStore } from './build.ts'

/** Answers pages from a list of all keys. `next`: returns the keys that follow a cursor. */
const pageFrom =
  (
    all: (store: Store, section: SectionRef) => Promise<string[]>,
    next: (keys: string[], query: KeyQuery) => string[],
  ) =>
  (store: Store): Partial<Store> => ({
    async keys(section, query) {
      const { state } = await store.keys(section, { limit: 1 })
      const remaining = next(await all(store, section), query)
      const keys = remaining.slice(0, query.limit)
      return { state, keys, ...(remaining.length > keys.length && { cursor: keys.at(-1) as string }) }
    },
  })

const allKeys = (store: Store, section: SectionRef, prefix?: string): Promise<string[]> =>
  collect(listKeys(store, section, prefix))

async function collect(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all
}

const afterKey = (keys: string[], { after }: KeyQuery): string[] =>
  after === undefined ? keys : keys.filter((key) => compareCodePoints(key, after) > 0)

/** Stores with wrong listings. */
export const keys: readonly Mutant[] = [
  brokenStore('STORE-ST-13', 'lists only the first page of keys', /the keys of the section/, () => (store) => ({
    async keys(section, query) {
      const { cursor: _, ...page } = await store.keys(section, query)
      return page
    },
  })),
  brokenStore('STORE-ST-13', 'treats a prefix as a pattern', /the keys with the prefix/, () => (store) => ({
    async keys(section, query) {
      const pattern = new RegExp(`^${(query.prefix ?? '').replace('*', '.*')}`)
      const { state } = await store.keys(section, { limit: 1 })
      return { state, keys: (await allKeys(store, section)).filter((key) => pattern.test(key)) }
    },
  })),
  brokenStore('STORE-KEY-01', 'sorts keys by code units', /the keys of all pages with limit 1/, () =>
    pageFrom(
      async (store, section) => (await allKeys(store, section)).sort(),
      (all, { after }) => (after === undefined ? all : all.filter((key) => key > after)),
    ),
  ),
  brokenStore('STORE-KEY-01', 'ignores the limit', /expected at most 1 keys/, () => (store) => ({
    keys: (section, query) => store.keys(section, { ...query, limit: 1_000 }),
  })),
  brokenStore('STORE-KEY-02', 'continues at an offset', /documents that existed throughout/, () => {
    const offsets = new Map<string, number>()
    return pageFrom(allKeys, (all, { after, limit }) => {
      const offset = after === undefined ? 0 : (offsets.get(after) ?? 0)
      const remaining = all.slice(offset)
      const last = remaining[limit - 1]
      if (last !== undefined) offsets.set(last, offset + limit)
      return remaining
    })
  }),
  brokenStore('STORE-KEY-03', "looks up the cursor's key", /a cursor whose document was deleted/, () =>
    pageFrom(allKeys, (all, { after }) => {
      if (after === undefined) return all
      return all.includes(after) ? all.slice(all.indexOf(after) + 1) : []
    }),
  ),
  brokenStore('STORE-KEY-04', 'ends at an empty page', /all but the last document expired/, () => {
    const written = new Set<string>()
    return (store) => ({
      commit(group) {
        for (const { ref } of group) written.add(ref.key)
        return store.commit(group)
      },
      async keys(section, query) {
        const { state } = await store.keys(section, { limit: 1 })
        const remaining = afterKey([...written].sort(compareCodePoints), query)
        const page = remaining.slice(0, query.limit)
        const existing = new Set(await allKeys(store, section))
        const found = page.filter((key) => existing.has(key))
        const more = found.length > 0 && remaining.length > page.length
        return { state, keys: found, ...(more && { cursor: page.at(-1) as string }) }
      },
    })
  }),
  brokenStore('STORE-KEY-05', 'changes its index after the commit', /the keys after a/, () => {
    const previous = new Map<string, string[]>()
    return pageFrom(async (store, section) => {
      const before = previous.get(section.section) ?? []
      previous.set(section.section, await allKeys(store, section))
      return before
    }, afterKey)
  }),
  brokenStore('STORE-KEY-06', 'remembers the state of the first page', /after a new epoch began/, () => {
    const first = new Map<string, KeyPage['state']>()
    return (store) => ({
      async keys(section, query) {
        const page = await store.keys(section, query)
        const state = first.get(section.section) ?? page.state
        first.set(section.section, state)
        return { ...page, state }
      },
    })
  }),
]
