import { canTest, startKafka } from '@sync/brokers'
import { connect, openBus, openStore } from '@sync/config'
import { defineCollection } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

describe("openBus('kafka:…')", () => {
  it.each([
    ['kafka://host?speed=1', /unknown parameter "speed"/],
    ['kafka://host/topic', /without a path/],
    ['kafka:', /expected at least one broker/],
    ['kafka://host?brokers=other', /as host:port, got "other"/],
    ['kafka://host?client=smoke', /^client: expected 'kafkajs' or 'platformatic', got "smoke"/],
    ['kafka://host?sasl=smoke', /^sasl: expected one of plain, .*got "smoke"/],
    ['kafka://host?tls=maybe', /^tls: expected one of true, false, got "maybe"/],
    ['kafka://host?partitions=0', /^partitions: /],
    ['kafka://host?retention=soon', /^retention: .*soon/],
    ['kafka://host?topic=a%20b', /^topic: expected .*got "a b"/],
  ])('rejects %s with SYNC_ARGUMENT', async (url, message) => {
    await expect(openBus(url)).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })
})

describe("openStore('kafka:…')", () => {
  it('rejects with SYNC_CONFIG, because Kafka is not a store', async () => {
    await expect(openStore('kafka://host')).rejects.toMatchObject({ code: 'SYNC_CONFIG' })
  })
})

describe.runIf(await canTest('kafka: URLs', { broker: 'kafka' }))('connect() with a kafka: URL', () => {
  it('opens a bus that delivers changes', async () => {
    await using kafka = await startKafka()
    const [store, bus] = ['memory:kafka-urls', `${kafka.url}?partitions=2&topic=changes-of-{partition}`]
    await using a = await connect({ store, bus })
    await using b = await connect({ store, bus })
    const [docsOfA, docsOfB] = [a, b].map((instance) => instance.collection(docs, { partition: 'p' }))
    expect(await docsOfB?.get('x')).toBeUndefined()
    await docsOfA?.assign('x', { n: 1 })
    await vi.waitFor(() => expect(docsOfB?.peek('x')).toEqual({ n: 1 }), { interval: 5, timeout: 10_000 })
  }, 60_000)
})
