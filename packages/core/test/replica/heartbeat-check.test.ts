import { ArgumentError, defineCollection, memoryBus } from '@sync/core'
import { headMarker } from '@sync/core/adapter'
import { describe, expect, it, vi } from 'vitest'
import { openTestSetup } from './test-setup.ts'

describe('catchUp()', () => {
  it('finds a lost message when a reply has contained a later sequence', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.remote.assign('y', { n: 1 })
    expect(await t.local.get('y')).toEqual({ n: 1 })
    expect(t.local.peek('x')).toEqual({ n: 1 })
    await t.sync.catchUp()
    expect(t.local.peek('x')).toEqual({ n: 2 })
  })

  it('sends the highest sequence seen, also beyond a gap', async () => {
    await using t = openTestSetup()
    await t.local.ready()
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.remote.assign('y', { n: 1 })
    await t.local.get('y')
    const heads = vi.spyOn(t.requests.store, 'heads')
    await t.sync.catchUp()
    expect(heads.mock.calls).toMatchObject([[[{ highestSeen: { sequence: 2 } }]]])
  })
})

describe('head marker', () => {
  it('triggers a check only when the replica is behind the head', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(1)
    t.hub.bus.setFaultRates({ drop: 0 })
    const heads = vi.spyOn(t.requests.store, 'heads')
    const publishHead = async (sequence: number): Promise<void> => {
      const [known] = t.sync.health().sections
      if (!known) throw new Error('not joined')
      const { partition, section, epoch } = known
      await using bus = memoryBus(t.hub)
      await bus.publish({ partition, section }, [headMarker({ epoch, sequence }, 'relay')])
      await t.clock.advance(10)
    }
    await publishHead(1)
    expect(heads).not.toHaveBeenCalled()
    await publishHead(2)
    expect(heads).toHaveBeenCalledTimes(1)
    expect(t.local.peek('x')).toEqual({ n: 2 })
    expect(t.sync.stats().rejectedFrames).toBe(0)
  })
})

describe('frame', () => {
  it('applies the changes of a frame that was overtaken', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 0 })
    await t.local.get('x')
    await t.local.get('y')
    t.hub.bus.reorder(2)
    await Promise.all([t.remote.assign('x', { n: 1 }), t.remote.assign('y', { n: 1 })])
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(10)
    expect([t.local.peek('x'), t.local.peek('y')]).toEqual([{ n: 2 }, { n: 1 }])
    expect(t.sync.stats()).toMatchObject({ gaps: 0, repairs: 0 })
  })
})

describe('heartbeat check', () => {
  it.each(['section', 'document'] as const)(
    'waits for messages in flight when subscribed by %s',
    async (subscribeBy) => {
      await using t = openTestSetup({}, { subscribeBy })
      await t.remote.assign('x', { n: 0 })
      await t.local.get('x')
      await t.clock.advance(1_000)
      t.hub.bus.delay(5)
      const heads = vi.spyOn(t.requests.store, 'heads')
      // one of these changes is in flight when the check runs
      for (let n = 1; heads.mock.calls.length === 0; n++) {
        await t.remote.assign('x', { n })
        await t.clock.advance(3)
      }
      await t.clock.advance(100)
      expect(t.local.peek('x')).toEqual(t.stored('x'))
      expect(t.sync.stats()).toMatchObject({ gaps: 0, repairs: 0, reloads: 0 })
    },
  )

  it('checks the other sections when the store refuses one', async () => {
    await using t = openTestSetup()
    const refused = t.sync.collection(defineCollection({ section: 'refused', ttl: 'never' }), { partition: 'p' })
    await refused.ready()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    const { store } = t.requests
    const { heads } = store
    store.heads = async (queries) => {
      if (queries.some(({ scope }) => scope.section === 'refused')) throw new ArgumentError('no')
      return heads(queries)
    }
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(10_000)
    expect(t.local.peek('x')).toEqual({ n: 2 })
    await expect(t.sync.catchUp(refused.ref)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})
