import { createInstance, defineCollection, memoryBus, memoryStore, type SyncEvent } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestSetup, type TestSetup } from './test-setup.ts'

const epochs = ({ events }: TestSetup): SyncEvent[] => events.filter(({ type }) => type === 'epoch')

/** Writes without delivering the change over the bus. */
async function withoutDelivery(t: TestSetup, write: () => Promise<unknown>): Promise<void> {
  t.hub.bus.setFaultRates({ drop: 1 })
  await write()
  t.hub.bus.setFaultRates({})
}

describe('catchUp()', () => {
  it('reads the changes between the fork and the head of the new epoch', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await t.remote.assign('y', { n: 1 })
    await t.clock.advance(1)
    t.hub.store.loseTail(1)
    await withoutDelivery(t, () => t.remote.assign('x', { n: 2 }))
    await t.sync.catchUp()
    expect(t.local.peek('x')).toEqual({ n: 2 })
  })

  it('drops changes of the earlier epoch that wait behind a gap', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await withoutDelivery(t, () => t.remote.assign('x', { n: 2 }))
    await t.remote.assign('x', { n: 3 })
    await t.clock.advance(1)
    t.hub.store.loseTail(2)
    await t.remote.assign('x', { n: 20 })
    await t.clock.advance(1)
    await t.sync.catchUp()
    expect(t.local.peek('x')).toEqual({ n: 20 })
    await withoutDelivery(t, () => t.remote.assign('x', { n: 30 }))
    await t.sync.catchUp()
    expect(t.local.peek('x')).toEqual({ n: 30 })
  })

  it('keeps replicas when a late change of an earlier epoch arrives', async () => {
    for (const lineageDepth of [8, 0]) {
      await using t = openTestSetup({ lineageDepth })
      await t.remote.assign('x', { n: 1 })
      await t.local.get('x')
      t.hub.bus.delay(500)
      await t.remote.assign('x', { n: 2 })
      t.hub.store.loseTail(1)
      await t.sync.catchUp()
      const { reloads } = t.sync.stats()
      await t.clock.advance(1_000)
      expect(epochs(t)).toHaveLength(1)
      expect(t.sync.stats().reloads).toBe(reloads)
      expect(t.local.peek('x')).toEqual({ n: 1 })
    }
  })

  it('stays in the new epoch when a head of the earlier one arrives', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.replies.hold('heads')
    const check = t.sync.catchUp()
    await t.clock.advance(1)
    expect(t.replies.held).toBe(1)
    t.hub.store.restart()
    await t.local.get('y')
    t.replies.release()
    await check
    expect(epochs(t)).toMatchObject([{ lost: false }])
  })

  it('fills no gap of the new epoch from a log read in the earlier one', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.remote.assign('y', { n: 1 })
    await t.local.getMany(['x', 'y'])
    await withoutDelivery(t, () => t.remote.assign('x', { n: 2 }))
    t.replies.hold('changesSince')
    const check = t.sync.catchUp()
    await t.clock.advance(1)
    expect(t.replies.held).toBe(1)
    t.hub.store.loseTail(1)
    await withoutDelivery(t, () => t.remote.assign('y', { n: 9 }))
    await t.local.get('z')
    t.replies.release()
    await check
    await t.sync.catchUp()
    expect([t.local.peek('x'), t.local.peek('y')]).toEqual([{ n: 1 }, { n: 9 }])
  })

  it('reports the loss of a change that arrived while the request was in flight', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.requests.holdNext('heads')
    const check = t.sync.catchUp()
    await t.clock.advance(1)
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(1)
    expect(t.local.peek('x')).toEqual({ n: 2 })
    t.hub.store.loseTail(1)
    t.requests.release()
    await check
    expect(epochs(t)).toMatchObject([{ lost: true, fork: 1 }])
    expect(t.local.peek('x')).toEqual({ n: 1 })
  })

  it('reports the loss of an acknowledged write beyond a gap', async () => {
    await using t = openTestSetup()
    await t.local.ready()
    await withoutDelivery(t, () => t.remote.assign('y', { n: 1 }))
    await t.local.assign('x', { n: 1 })
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect(epochs(t)).toMatchObject([{ lost: true, fork: 1 }])
  })

  it('reloads all replicas and reports a loss when the new epoch does not know the earlier one', async () => {
    await using t = openTestSetup({ lineageDepth: 0 })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.store.restart()
    await t.sync.catchUp()
    expect(epochs(t)).toMatchObject([{ lost: true }])
    expect(t.sync.stats().reloads).toBe(1)
  })

  it('applies logged changes whose epoch is no longer in the lineage', async () => {
    await using t = openTestSetup()
    const store = memoryStore(t.hub)
    const changesSince: typeof store.changesSince = async (...args) => {
      const page = await store.changesSince(...args)
      return { ...page, changes: page.changes.map((change) => ({ ...change, epoch: 'forgotten' })) }
    }
    const sync = createInstance({
      store: { ...t.replies.store, changesSince },
      bus: memoryBus(t.hub),
      runtime: t.clock,
    })
    const collection = sync.collection(defineCollection<Doc>({ section: 'doc', ttl: 'never' }), { partition: 'p' })
    await t.remote.assign('x', { n: 1 })
    await collection.get('x')
    await withoutDelivery(t, () => t.remote.assign('x', { n: 2 }))
    await sync.catchUp()
    expect([collection.peek('x'), sync.stats().reloads]).toEqual([{ n: 2 }, 0])
    const closing = sync.close()
    await t.clock.advance(10)
    await closing
  })
})

describe('gap repair', () => {
  it('continues in the new epoch when the store reports one', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await t.remote.assign('y', { n: 1 })
    await withoutDelivery(t, () => t.remote.assign('y', { n: 2 }))
    await t.remote.assign('y', { n: 3 })
    await t.clock.advance(1)
    t.hub.store.loseTail(3)
    await withoutDelivery(t, () => t.remote.assign('x', { n: 2 }))
    await t.clock.advance(100)
    expect(t.local.peek('x')).toEqual({ n: 2 })
  })
})
