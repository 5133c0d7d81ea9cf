import { describe, expect, it } from 'vitest'
import { defineCollection } from '../../src/collection/definition.ts'
import { createMemoryHub, memoryBus, memoryStore } from '../../src/memory/index.ts'
import { createInstance } from '../../src/service/instance.ts'
import type { KeyQuery } from '../../src/transport/store.ts'
import { wrapStore } from '../replica/wrapped-store.ts'

const at = { partition: 'p' }
const definition = (replicate: 'on-demand' | 'all') =>
  defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', replicate })

/** Opens an instance that records its store calls, beside one that writes. */
function open(replicate: 'on-demand' | 'all') {
  const hub = createMemoryHub({ maxUndoCommits: 10 })
  const calls: string[] = []
  const store = wrapStore(memoryStore(hub), (name, call) => {
    calls.push(name)
    return call()
  })
  const sync = createInstance({ store, bus: memoryBus(hub), checkInterval: '1h' })
  const other = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), checkInterval: '1h' })
  return {
    hub,
    calls,
    store,
    sync,
    openLocal: () => sync.collection(definition(replicate), at),
    remote: other.collection(definition('on-demand'), at),
    [Symbol.asyncDispose]: async () => void (await Promise.all([sync.close(), other.close()])),
  }
}

const keysOf = async (changes: AsyncIterable<readonly { readonly key: string }[]>): Promise<string[]> => {
  const keys: string[] = []
  for await (const batch of changes) keys.push(...batch.map(({ key }) => key))
  return keys
}

describe("changes({ from: 'snapshot' }) and entries() of a completely cached section", () => {
  it('read no keys and no documents from the store', async () => {
    await using t = open('all')
    for (const key of ['a1', 'a2', 'b']) await t.remote.assign(key, { n: 1 })
    await t.remote.delete('a2')
    const local = t.openLocal()
    await local.ready()
    t.calls.length = 0
    expect(await keysOf(local.changes({ from: 'snapshot', until: 'now', prefix: 'a' }))).toEqual(['a1'])
    const entries: string[] = []
    for await (const [key] of local.entries()) entries.push(key)
    expect(entries).toEqual(['a1', 'b'])
    // `until: 'now'` asks for the head
    expect(t.calls).toEqual(['heads'])
  })
})

describe.each(['all', 'on-demand'] as const)('a listing with replicate: %j', (replicate) => {
  it('continues after a page without keys', async () => {
    await using t = open(replicate)
    for (const key of ['a', 'b']) await t.remote.assign(key, { n: 1 })
    const { keys } = t.store
    t.store.keys = async (section, query) =>
      query.after === undefined ? { ...(await keys(section, query)), keys: [], cursor: 'a0' } : keys(section, query)
    const local = t.openLocal()
    await local.ready()
    expect(await keysOf(local.changes({ from: 'snapshot', until: 'now' }))).toEqual(['b'])
  })

  it('starts again when the store begins another epoch between two pages', async () => {
    await using t = open(replicate)
    for (const key of ['a', 'b', 'c']) await t.remote.assign(key, { n: 1 })
    await t.remote.delete('b')
    const { keys } = t.store
    let pages = 0
    t.store.keys = async (section, query: KeyQuery) => {
      // the second page would continue after a deletion that the store loses
      if (++pages === 2) t.hub.store.loseTail(1)
      return keys(section, { ...query, limit: 1 })
    }
    const local = t.openLocal()
    await local.ready()
    expect((await keysOf(local.changes({ from: 'snapshot', until: 'now' }))).sort()).toEqual(['a', 'b', 'c'])
  })
})
