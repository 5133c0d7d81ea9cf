import { createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import type { Store } from '@sync/core/adapter'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

/** A store that only maps partitions to other stores and implements no call itself. */
function combinedStore(stores: Readonly<Record<string, Store>>): Store {
  const unsupported = (): never => {
    throw new Error('expected a call to the store of the partition, got one to the combined store')
  }
  return {
    capabilities: Object.values(stores)[0]?.capabilities ?? unsupported(),
    storeFor: (partition) => stores[partition] ?? unsupported(),
    load: unsupported,
    commit: unsupported,
    changesSince: unsupported,
    heads: unsupported,
    touch: unsupported,
    keys: unsupported,
    close: async () => void (await Promise.all(Object.values(stores).map((store) => store.close()))),
    [Symbol.asyncDispose]: unsupported,
  }
}

describe('Store.storeFor()', () => {
  it('limits an outage to the partitions of the unavailable store', async () => {
    const runtime = createVirtualRuntime()
    const [a, b] = [createMemoryHub({ runtime }), createMemoryHub({ runtime })]
    const bus = createMemoryHub({ runtime })
    const open = () =>
      createInstance({
        store: combinedStore({ a: memoryStore(a), b: memoryStore(b) }),
        bus: memoryBus(bus),
        runtime,
        whenUnavailable: 'reject',
      })
    const [sync, other] = [open(), open()]
    const [inA, inB] = ['a', 'b'].map((partition) => sync.collection(docs, { partition }))
    const otherB = other.collection(docs, { partition: 'b' })
    await Promise.all([inA?.assign('k', { n: 1 }), inB?.assign('k', { n: 1 })])
    await otherB.get('k')
    expect(a.store.inspect({ partition: 'a', section: 'doc' })?.documents.size).toBe(1)
    expect(a.store.inspect({ partition: 'b', section: 'doc' })).toBeUndefined()

    const events: string[] = []
    sync.onEvent(({ type }) => events.push(type))
    a.store.makeUnavailable()
    const refused = expect(inA?.assign('k', { n: 2 })).rejects.toMatchObject({ code: 'SYNC_OUTCOME_UNKNOWN' })
    await Promise.all([refused, inB?.assign('k', { n: 2 }), runtime.advance(10)])
    const pendingRead = inA?.get('other')
    await runtime.advance(10)
    expect(await inB?.get('k')).toEqual({ n: 2 })
    expect(sync.health().state).toBe('stale')

    // the heartbeat check continues for the store that is available
    bus.bus.setFaultRates({ drop: 1 })
    await otherB.assign('k', { n: 3 })
    await runtime.advance(6_000)
    expect(inB?.peek('k')).toEqual({ n: 3 })
    expect(await sync.verify({ section: { partition: 'b', section: 'doc' } })).toMatchObject({ checked: 1, score: 1 })

    a.store.makeAvailable()
    await runtime.advance(6_000)
    expect(await pendingRead).toBeUndefined()
    expect(sync.health().state).toBe('live')
    expect(events.filter((type) => type.startsWith('store-'))).toEqual(['store-unavailable', 'store-available'])
    await Promise.all([sync.close(), other.close(), runtime.advance(10_000)])
  })
})
