import { canTest, startKafka } from '@sync/brokers'
import { connect, openBus, openStore } from '@sync/config'
import { defineCollection } from '@sync/core'
import { describe, expect, test, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

test.each([
  ['kafka://host?speed=1', /no parameter "speed"/],
  ['kafka://host/topic', /has no path/],
  ['kafka:', /a host is needed/],
  ['kafka://host?brokers=other', /is host:port, not "other"/],
  ['kafka://host?client=smoke', /"smoke" is none of kafkajs, platformatic/],
  ['kafka://host?sasl=smoke', /"smoke" is none of plain/],
  ['kafka://host?tls=maybe', /"maybe" is none of true, false/],
  ['kafka://host?partitions=0', /partitions: expected an integer/],
  ['kafka://host?retention=soon', /retention: expected a duration/],
  ['kafka://host?topic=a%20b', /topic: letters/],
])('%s is refused with a code', async (url, message) => {
  await expect(openBus(url)).rejects.toMatchObject({
    code: 'SYNC_ARGUMENT',
    message: expect.stringMatching(message),
  })
})

test('a kafka: URL names no store', async () => {
  await expect(openStore('kafka://host')).rejects.toMatchObject({ code: 'SYNC_CONFIG' })
})

describe.runIf(await canTest('kafka: URLs', { broker: 'kafka' }))('kafka: URLs', () => {
  test('open a bus', async () => {
    await using kafka = await startKafka()
    const [store, bus] = ['memory:kafka-urls', `${kafka.url}?partitions=2&topic=changes-of-{partition}`]
    await using a = await connect({ store, bus })
    await using b = await connect({ store, bus })
    const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
    expect(await y?.get('x')).toBeUndefined()
    await x?.assign('x', { n: 1 })
    await vi.waitFor(() => expect(y?.peek('x')).toEqual({ n: 1 }), { interval: 5, timeout: 10_000 })
  }, 60_000)
})
