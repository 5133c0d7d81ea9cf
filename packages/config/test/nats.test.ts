import { canTest, startNats } from '@sync/brokers'
import { connect, openBus, openStore } from '@sync/config'
import { defineCollection } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

describe.runIf(await canTest('nats: URLs', { broker: 'nats' }))('connect() with a nats: URL', () => {
  it('opens a bus that delivers changes', async () => {
    await using nats = await startNats()
    const [store, bus] = ['memory:nats', `${nats.url}?transport=core&timeout=1s`]
    await using a = await connect({ store, bus })
    await using b = await connect({ store, bus })
    const [docsOfA, docsOfB] = [a, b].map((instance) => instance.collection(docs, { partition: 'p' }))
    expect(await docsOfB?.get('x')).toBeUndefined()
    await docsOfA?.assign('x', { n: 1 })
    await vi.waitFor(() => expect(docsOfB?.peek('x')).toEqual({ n: 1 }), { interval: 1 })
  })
})

describe("openBus('nats:…')", () => {
  it('rejects an unknown parameter with SYNC_ARGUMENT', async () => {
    await expect(openBus('nats://host?speed=1')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe("openStore('nats:…')", () => {
  it('rejects, because NATS is not a store', async () => {
    await expect(openStore('nats://host')).rejects.toThrow('nats: expected the URL of a store, got that of a bus')
  })
})
