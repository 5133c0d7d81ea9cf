import { canTest, startNats } from '@sync/brokers'
import { connect, openBus, openStore } from '@sync/config'
import { defineCollection } from '@sync/core'
import { describe, expect, test, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

describe.runIf(await canTest('nats: URLs', { broker: 'nats' }))('nats: URLs', () => {
  test('open a bus', async () => {
    await using nats = await startNats()
    const [store, bus] = ['memory:nats', `${nats.url}?transport=core&timeout=1s`]
    await using a = await connect({ store, bus })
    await using b = await connect({ store, bus })
    const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
    expect(await y?.get('x')).toBeUndefined()
    await x?.assign('x', { n: 1 })
    await vi.waitFor(() => expect(y?.peek('x')).toEqual({ n: 1 }), { interval: 1 })
  })

  test('are refused with a code for what they do not take', async () => {
    await expect(openBus('nats://host?speed=1')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    await expect(openStore('nats://host')).rejects.toThrow(/there is no such store/)
  })
})
