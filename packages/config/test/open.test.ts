import { connect, openBus, openStore, registerScheme } from '@sync/config'
import { createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { expect, test } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

test('equal memory URLs mean the same data', async () => {
  await using a = await connect({ store: 'memory:one', bus: 'memory:one' })
  await using b = await connect({ store: 'memory:one', bus: 'memory:one' })
  await using c = await connect({ store: 'memory:two', bus: 'memory:two' })
  await a.collection(docs, { partition: 'p' }).assign('x', { n: 1 })
  expect(await b.collection(docs, { partition: 'p' }).get('x')).toEqual({ n: 1 })
  expect(await c.collection(docs, { partition: 'p' }).get('x')).toBeUndefined()
})

test('a bus that loses everything is a URL away, and the store makes up for it', async () => {
  await using a = await connect({ store: 'memory:lossy', bus: 'memory:lossy?drop=1' })
  await using b = await connect({ store: 'memory:lossy', bus: 'memory:lossy?drop=1' })
  const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
  await y?.get('x')
  await x?.assign('x', { n: 1 })
  expect(y?.peek('x')).toBeUndefined()
  await b.catchUp()
  expect(y?.peek('x')).toEqual({ n: 1 })
})

test('several URLs are one bus: each instance hears whoever shares one of them', async () => {
  await using old = await connect({ store: 'memory:fleet', bus: 'memory:bus-a' })
  await using moving = await connect({ store: 'memory:fleet', bus: ['memory:bus-a', 'memory:bus-b'] })
  await using moved = await connect({ store: 'memory:fleet', bus: 'memory:bus-b' })
  const [x, y, z] = [old, moving, moved].map((each) => each.collection(docs, { partition: 'p' }))
  await Promise.all([x?.get('x'), y?.get('x'), z?.get('x')])
  await y?.assign('x', { n: 1 })
  await expect.poll(() => [x?.peek('x'), z?.peek('x')]).toEqual([{ n: 1 }, { n: 1 }])
  await z?.assign('x', { n: 2 })
  await expect.poll(() => y?.peek('x')).toEqual({ n: 2 })
})

test('should one of several not open, none stays open', async () => {
  const closed: string[] = []
  registerScheme('noted', async () => ({
    bus: (url) => {
      const bus = memoryBus()
      return Object.assign(bus, { close: async () => void closed.push(url.href) })
    },
  }))
  const refused = { code: 'SYNC_CONFIG' }
  await expect(connect({ store: 'memory:', bus: ['noted:a', 'ftp:b', 'noted:c'] })).rejects.toMatchObject(refused)
  expect(closed).toEqual(['noted:a', 'noted:c'])
  await expect(connect({ store: 'memory:', bus: [] })).rejects.toMatchObject(refused)
  await expect(connect({ store: 'memory:', bus: ['memory:a', 'memory:a'] })).rejects.toMatchObject(refused)
})

test.each([
  ['nonsense', /a URL is needed/],
  ['ftp://host', /no adapter for ftp: URLs/],
  ['memory:?speed=1', /no parameter "speed"/],
  ['memory:?drop=2', /drop: a number from 0 to 1 is needed, not "2"/],
  ['memory:?drop=', /drop: a number/],
])('%s is refused with a code', async (url, message) => {
  await expect(connect({ store: 'memory:', bus: url })).rejects.toMatchObject({
    code: 'SYNC_CONFIG',
    message: expect.stringMatching(message),
  })
})

test('other schemes are added, with a store, a bus or both', async () => {
  const hub = createMemoryHub()
  registerScheme('mine', async () => ({ store: () => memoryStore(hub) }))
  registerScheme('wire', async () => ({ bus: () => memoryBus(hub) }))
  await using sync = await connect({ store: 'mine://a', bus: 'wire://b' })
  await sync.collection(docs, { partition: 'p' }).assign('x', { n: 1 })
  await expect(openBus('mine://a')).rejects.toThrow(/no such bus/)
  await expect(openStore('wire://b')).rejects.toThrow(/no such store/)
  expect(() => registerScheme('No Good', async () => ({}))).toThrow(/no name of a URL scheme/)
})
