import { canTest, startRedis } from '@sync/brokers'
import { connect, openBus, openStore } from '@sync/config'
import { defineCollection } from '@sync/core'
import { describe, expect, test, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

describe.runIf(await canTest('redis: URLs', { broker: 'redis' }))('redis: URLs', () => {
  test('open a store and a bus', async () => {
    await using redis = await startRedis()
    const [store, bus] = [`${redis.url}?maxAge=2h`, `${redis.url}/0?transport=pubsub&timeout=1s`]
    await using a = await connect({ store, bus })
    await using b = await connect({ store, bus })
    const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
    expect(await y?.get('x')).toBeUndefined()
    await x?.assign('x', { n: 1 })
    await vi.waitFor(() => expect(y?.peek('x')).toEqual({ n: 1 }), { interval: 1 })
  })

  test('name servers for single partitions', async () => {
    await using main = await startRedis()
    await using eu = await startRedis()
    const url = `${main.url}?partition.eu=${eu.url}&timeout=1s`
    await using sync = await connect({ store: url, bus: url })
    for (const partition of ['eu', 'us']) await sync.collection(docs, { partition }).assign('k', { n: 1 })
    await using there = await openStore(eu.url)
    const found = await there.load(['eu', 'us'].map((partition) => ({ partition, section: 'doc', key: 'k' })))
    expect(found.map(({ document }) => document?.text)).toEqual(['{"n":1}', undefined])
  })

  test.each([
    ['redis://host?speed=1', /no parameter "speed"/],
    ['redis://host/shop', /number of a database/],
    ['redis://host?partition.eu=nowhere', /partitions: "eu": a URL/],
    ['redis:', /a host is needed/],
    ['redis://host?maxAge=soon', /maxAge: not a duration/],
  ])('%s is refused with a code', async (url, message) => {
    await expect(openStore(url)).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })

  test('a bus of another kind is refused by its name', async () => {
    await expect(openBus('redis://host?transport=smoke')).rejects.toThrow(/^transport: .*"smoke"/)
  })
})
