import {
  ArgumentError,
  type ChangeBus,
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
} from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { open } from '../collection/open.ts'

interface Doc {
  n: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })
const perDocument = defineCollection<Doc>({ section: 'doc', ttl: 'never', subscribeBy: 'document' })

/** Wraps a bus so that its subscriptions become live only after `until`, without a status event. */
function delaySubscriptions(bus: ChangeBus, until: Promise<void>): ChangeBus {
  return {
    capabilities: bus.capabilities,
    publish: bus.publish.bind(bus),
    onStatus: bus.onStatus.bind(bus),
    close: bus.close.bind(bus),
    [Symbol.asyncDispose]: bus[Symbol.asyncDispose].bind(bus),
    subscribe: async (...args: Parameters<ChangeBus['subscribe']>) => {
      await until
      return bus.subscribe(...args)
    },
  }
}

describe('an unavailable bus', () => {
  it.each([
    ['section', docs],
    ['document', perDocument],
  ])(
    'leaves reads and writes working, stale until the heartbeat check, when subscribed by %s',
    async (_, definition) => {
      await using t = open(definition)
      t.cluster.bus.makeUnavailable()
      const working = Promise.all([t.a.assign('x', { n: 1 }), t.b.get('x')])
      await t.cluster.clock.advance(2_500)
      await working
      await t.a.assign('x', { n: 2 })
      expect(t.instances[1]?.health().state).toBe('stale')
      expect((await t.b.getEntry('x'))?.stale).toBe(true)
      await t.cluster.clock.advance(6_000)
      expect(t.b.peek('x')).toEqual({ n: 2 })
      t.cluster.bus.makeAvailable()
      await t.cluster.clock.advance(6_000)
      expect(t.instances[1]?.health().state).toBe('live')
      await t.a.assign('x', { n: 3 })
      await t.cluster.clock.advance(1)
      expect(t.b.peek('x')).toEqual({ n: 3 })
    },
  )
})

describe('bus subscription', () => {
  it('catches up when it becomes live late', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const live = Promise.withResolvers<void>()
    const a = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), runtime })
    const b = createInstance({
      store: memoryStore(hub),
      bus: delaySubscriptions(memoryBus(hub), live.promise),
      runtime,
      checkInterval: '1h',
    })
    await using _a = a
    await using _b = b
    const [at, bt] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
    await at?.assign('x', { n: 1 })
    const reading = bt?.get('x')
    await runtime.advance(2_000)
    expect(await reading).toEqual({ n: 1 })
    await at?.assign('x', { n: 2 })
    expect(b.health().state).toBe('stale')
    live.resolve()
    await runtime.advance(1)
    expect(bt?.peek('x')).toEqual({ n: 2 })
    expect(b.health().state).toBe('live')
  })

  it('leaves the instance stale when it is rejected after the caller stopped waiting', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const refused = Promise.withResolvers<void>()
    await using sync = createInstance({
      store: memoryStore(hub),
      bus: delaySubscriptions(memoryBus(hub), refused.promise),
      runtime,
    })
    const collection = sync.collection(docs, { partition: 'p' })
    const reading = collection.get('x')
    await runtime.advance(2_000)
    await reading
    refused.reject(new ArgumentError('no such channel'))
    await runtime.advance(2_000)
    expect(sync.health().state).toBe('stale')
  })

  it.each([
    ['section', docs],
    ['document', perDocument],
  ])('is created once when the store keeps rejecting and the section is subscribed to by %s', async (_, definition) => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const bus = memoryBus(hub)
    const { subscribe } = bus
    let live = 0
    bus.subscribe = async (...args) => {
      const subscription = await subscribe.apply(bus, args)
      live++
      return {
        stop: () => {
          live--
          return subscription.stop()
        },
        [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
      }
    }
    const store = memoryStore(hub)
    await using sync = createInstance({ store, bus, runtime })
    const collection = sync.collection(definition, { partition: 'p' })
    const refuse = vi.fn(() => Promise.reject(new ArgumentError('no')))
    Object.assign(store, { load: refuse, ...(definition === docs && { heads: refuse }) })
    for (let n = 0; n < 3; n++) await expect(collection.get('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    expect(refuse).toHaveBeenCalledTimes(3)
    expect(live).toBeLessThanOrEqual(1)
  })
})

describe('close()', () => {
  it('rejects at its deadline when the bus does not close', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const bus = memoryBus(hub)
    const stuck = Object.assign(delaySubscriptions(bus, Promise.resolve()), {
      close: () => new Promise<void>(() => {}),
    })
    const sync = createInstance({ store: memoryStore(hub), bus: stuck, runtime })
    const closing = expect(sync.close({ deadline: '1s' })).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
    await runtime.advance(3_000)
    await closing
  })
})
