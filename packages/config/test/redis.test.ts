import { canTest, startRedis } from '@sync/brokers'
import { connect, openBus, openStore } from '@sync/config'
import { defineCollection } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

describe.runIf(await canTest('redis: URLs', { broker: 'redis' }))('connect() with redis: URLs', () => {
  it('opens a store and a bus', async () => {
    await using redis = await startRedis()
    const [store, bus] = [`${redis.url}?maxAge=2h`, `${redis.url}/0?transport=pubsub&timeout=1s`]
    await using a = await connect({ store, bus })
    await using b = await connect({ store, bus })
    const [docsOfA, docsOfB] = [a, b].map((instance) => instance.collection(docs, { partition: 'p' }))
    expect(await docsOfB?.get('x')).toBeUndefined()
    await docsOfA?.assign('x', { n: 1 })
    await vi.waitFor(() => expect(docsOfB?.peek('x')).toEqual({ n: 1 }), { interval: 1 })
  })

  it('stores a partition on the server that the URL names for it', async () => {
    await using main = await startRedis()
    await using eu = await startRedis()
    const url = `${main.url}?partition.eu=${eu.url}&timeout=1s`
    await using sync = await connect({ store: url, bus: url })
    for (const partition of ['eu', 'us']) await sync.collection(docs, { partition }).assign('k', { n: 1 })
    await using euStore = await openStore(eu.url)
    const found = await euStore.load(['eu', 'us'].map((partition) => ({ partition, section: 'doc', key: 'k' })))
    expect(found.map(({ document }) => document?.text)).toEqual(['{"n":1}', undefined])
  })
})

describe("openStore('redis:…')", () => {
  it.each([
    ['redis://host?speed=1', /unknown parameter "speed"/],
    ['redis://host/shop', /database number/],
    ['redis://host?partition.eu=nowhere', /partition "eu": target: expected a URL/],
    ['redis:', /a URL with a host/],
    ['redis://host?maxAge=soon', /^maxAge: .*soon/],
  ])('rejects %s with SYNC_ARGUMENT', async (url, message) => {
    await expect(openStore(url)).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })
})

describe("openBus('redis:…')", () => {
  it('rejects an unknown transport, and names it', async () => {
    await expect(openBus('redis://host?transport=smoke')).rejects.toThrow(
      'transport: expected one of pubsub, streams, got "smoke"',
    )
  })
})
