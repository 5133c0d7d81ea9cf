import { createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import type { Store } from '@sync/core/adapter'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

/** A store that is several, and can do nothing but say which. */
function several(stores: Readonly<Record<string, Store>>): Store {
  const nobody = (): never => {
    throw new Error('each store is asked by itself')
  }
  return {
    capabilities: Object.values(stores)[0]?.capabilities ?? nobody(),
    storeFor: (partition) => stores[partition] ?? nobody(),
    load: nobody,
    commit: nobody,
    changesSince: nobody,
    heads: nobody,
    touch: nobody,
    keys: nobody,
    close: async () => void (await Promise.all(Object.values(stores).map((store) => store.close()))),
    [Symbol.asyncDispose]: nobody,
  }
}

describe('Store.storeFor()', () => {
  it('limits an outage to the partitions of the unavailable store', async () => {
    const runtime = createVirtualRuntime()
    const [a, b] = [createMemoryHub({ runtime }), createMemoryHub({ runtime })]
    const bus = createMemoryHub({ runtime })
    const open = () =>
      createInstance({
        store: several({ a: memoryStore(a), b: memoryStore(b) }),
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
    const missed = inA?.get('other')
    await runtime.advance(10)
    expect(await inB?.get('k')).toEqual({ n: 2 })
    expect(sync.health().state).toBe('stale')

    // the regular check goes on where there is somebody to ask
    bus.bus.setFaultRates({ drop: 1 })
    await otherB.assign('k', { n: 3 })
    await runtime.advance(6_000)
    expect(inB?.peek('k')).toEqual({ n: 3 })
    expect(await sync.verify({ section: { partition: 'b', section: 'doc' } })).toMatchObject({ checked: 1, score: 1 })

    a.store.makeAvailable()
    await runtime.advance(6_000)
    expect(await missed).toBeUndefined()
    expect(sync.health().state).toBe('live')
    expect(events.filter((type) => type.startsWith('store-'))).toEqual(['store-unavailable', 'store-available'])
    await Promise.all([sync.close(), other.close(), runtime.advance(10_000)])
  })
})
