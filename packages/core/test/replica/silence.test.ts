import { ArgumentError, defineCollection, memoryBus } from '@sync/core'
import { headMarker } from '@sync/core/adapter'
import { expect, test, vi } from 'vitest'
import { openTestSetup } from './test-setup.ts'

test('a lost message is found, though an answer has told of later ones since', async () => {
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

test('the store is told the highest sequence that was shown, also beyond a hole', async () => {
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

test('who is told how far the section is, and has not seen all up to there, asks the store at once', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.hub.bus.setFaultRates({ drop: 1 })
  await t.remote.assign('x', { n: 2 })
  await t.clock.advance(1)
  t.hub.bus.setFaultRates({ drop: 0 })
  const heads = vi.spyOn(t.requests.store, 'heads')
  const tell = async (sequence: number): Promise<void> => {
    const [known] = t.sync.health().sections
    if (!known) throw new Error('not joined')
    const { partition, section, epoch } = known
    await using bus = memoryBus(t.hub)
    await bus.publish({ partition, section }, [headMarker({ epoch, sequence }, 'relay')])
    await t.clock.advance(10)
  }
  await tell(1)
  expect(heads).not.toHaveBeenCalled()
  await tell(2)
  expect(heads).toHaveBeenCalledTimes(1)
  expect(t.local.peek('x')).toEqual({ n: 2 })
  expect(t.sync.stats().rejectedFrames).toBe(0)
})

test('a frame that was overtaken still brings what it has', async () => {
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

test.each(['section', 'document'] as const)(
  'what is on its way, followed by %s, is waited for by a check that is made for no other reason than time',
  async (subscribeBy) => {
    await using t = openTestSetup({}, { subscribeBy })
    await t.remote.assign('x', { n: 0 })
    await t.local.get('x')
    await t.clock.advance(1_000)
    t.hub.bus.delay(5)
    const heads = vi.spyOn(t.requests.store, 'heads')
    // one of these is under way when the check asks
    for (let n = 1; heads.mock.calls.length === 0; n++) {
      await t.remote.assign('x', { n })
      await t.clock.advance(3)
    }
    await t.clock.advance(100)
    expect(t.local.peek('x')).toEqual(t.stored('x'))
    expect(t.sync.stats()).toMatchObject({ gaps: 0, repairs: 0, reloads: 0 })
  },
)

test('a section that the store refuses to speak of keeps no other from being checked', async () => {
  await using t = openTestSetup()
  const refused = t.sync.collection(defineCollection({ section: 'refused', ttl: 'never' }), { partition: 'p' })
  await refused.ready()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  const { store } = t.requests
  const { heads } = store
  store.heads = async (asked) => {
    if (asked.some(({ scope }) => scope.section === 'refused')) throw new ArgumentError('no')
    return heads(asked)
  }
  t.hub.bus.setFaultRates({ drop: 1 })
  await t.remote.assign('x', { n: 2 })
  await t.clock.advance(10_000)
  expect(t.local.peek('x')).toEqual({ n: 2 })
  await expect(t.sync.catchUp(refused.ref)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
})
