import { connect, openBus, openStore, registerScheme } from '@sync/config'
import { createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { describe, expect, it } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

describe('connect()', () => {
  it('shares data between instances with equal memory URLs', async () => {
    await using a = await connect({ store: 'memory:one', bus: 'memory:one' })
    await using b = await connect({ store: 'memory:one', bus: 'memory:one' })
    await using c = await connect({ store: 'memory:two', bus: 'memory:two' })
    await a.collection(docs, { partition: 'p' }).assign('x', { n: 1 })
    expect(await b.collection(docs, { partition: 'p' }).get('x')).toEqual({ n: 1 })
    expect(await c.collection(docs, { partition: 'p' }).get('x')).toBeUndefined()
  })

  it('injects faults into a memory bus, which instances repair from the store', async () => {
    await using a = await connect({ store: 'memory:lossy', bus: 'memory:lossy?drop=1' })
    await using b = await connect({ store: 'memory:lossy', bus: 'memory:lossy?drop=1' })
    const [docsOfA, docsOfB] = [a, b].map((instance) => instance.collection(docs, { partition: 'p' }))
    await docsOfB?.get('x')
    await docsOfA?.assign('x', { n: 1 })
    expect(docsOfB?.peek('x')).toBeUndefined()
    await b.catchUp()
    expect(docsOfB?.peek('x')).toEqual({ n: 1 })
  })

  it('joins several bus URLs, so that instances exchange changes if they share one of them', async () => {
    await using onFirst = await connect({ store: 'memory:fleet', bus: 'memory:bus-a' })
    await using onBoth = await connect({ store: 'memory:fleet', bus: ['memory:bus-a', 'memory:bus-b'] })
    await using onSecond = await connect({ store: 'memory:fleet', bus: 'memory:bus-b' })
    const [first, both, second] = [onFirst, onBoth, onSecond].map((instance) =>
      instance.collection(docs, { partition: 'p' }),
    )
    await Promise.all([first?.get('x'), both?.get('x'), second?.get('x')])
    await both?.assign('x', { n: 1 })
    await expect.poll(() => [first?.peek('x'), second?.peek('x')]).toEqual([{ n: 1 }, { n: 1 }])
    await second?.assign('x', { n: 2 })
    await expect.poll(() => both?.peek('x')).toEqual({ n: 2 })
  })

  it('closes every opened bus when another one fails to open', async () => {
    const closed: string[] = []
    registerScheme('recorded', async () => ({
      bus: (url) => {
        const bus = memoryBus()
        return Object.assign(bus, { close: async () => void closed.push(url.href) })
      },
    }))
    await expect(connect({ store: 'memory:', bus: ['recorded:a', 'ftp:b', 'recorded:c'] })).rejects.toMatchObject({
      code: 'SYNC_CONFIG',
    })
    expect(closed).toEqual(['recorded:a', 'recorded:c'])
  })

  it.each([[[]], [['memory:a', 'memory:a']]])('rejects the bus URLs %j with SYNC_CONFIG', async (bus) => {
    await expect(connect({ store: 'memory:', bus })).rejects.toMatchObject({ code: 'SYNC_CONFIG' })
  })

  it.each([
    ['nonsense', /expected a URL/],
    ['ftp://host', /no adapter for ftp: URLs/],
    ['memory:?speed=1', /unknown parameter "speed"/],
    ['memory:?drop=2', /^drop: expected a number from 0 to 1, got "2"/],
    ['memory:?drop=', /^drop: expected a number/],
  ])('rejects the bus URL %s with SYNC_CONFIG', async (url, message) => {
    await expect(connect({ store: 'memory:', bus: url })).rejects.toMatchObject({
      code: 'SYNC_CONFIG',
      message: expect.stringMatching(message),
    })
  })
})

describe('registerScheme()', () => {
  it('adds a scheme with a store, a bus or both', async () => {
    const hub = createMemoryHub()
    registerScheme('mine', async () => ({ store: () => memoryStore(hub) }))
    registerScheme('wire', async () => ({ bus: () => memoryBus(hub) }))
    await using instance = await connect({ store: 'mine://a', bus: 'wire://b' })
    await instance.collection(docs, { partition: 'p' }).assign('x', { n: 1 })
    await expect(openBus('mine://a')).rejects.toThrow('expected the URL of a bus')
    await expect(openStore('wire://b')).rejects.toThrow('expected the URL of a store')
  })

  it('rejects an invalid name of a scheme', () => {
    expect(() => registerScheme('No Good', async () => ({}))).toThrow('got "No Good"')
  })
})
