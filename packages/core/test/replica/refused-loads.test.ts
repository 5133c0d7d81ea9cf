import { ArgumentError } from '@sync/core'
import { expect, test } from 'vitest'
import { openTestSetup, type TestSetup } from './test-setup.ts'

test.each(['section', 'document'] as const)(
  'what has to be loaded anew and is refused is not asked for again and again, followed by %s',
  async (subscribeBy) => {
    await using t = openTestSetup({}, { subscribeBy })
    await t.remote.assign('x', { n: 1 })
    const { position } = await t.remote.assign('x', { n: 2 })
    await t.local.get('x')
    const stop = t.local.subscribe('x', () => {})
    t.rejections.loads.add('x')
    await expect(t.local.evict('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    const elsewhere = position.replace(/\..*/, '.elsewhere')
    await expect(t.local.get('x', { after: elsewhere })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    t.rejections.loads.clear()
    await t.local.evict('x')
    expect(t.local.peek('x')).toEqual({ n: 2 })
    stop()
  },
)

test('a write is acknowledged though the document cannot be loaded to show it', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  const stop = t.local.subscribe('x', () => {})
  t.rejections.loads.add('x')
  t.requests.holdNext('load')
  const forgetting = expect(t.local.evict('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  await t.clock.advance(1)
  const write = t.local.assign('x', { n: 2 })
  await t.clock.advance(1)
  t.requests.release()
  await forgetting
  expect(await write).toMatchObject({ version: 2, changed: true })
  expect(t.stored('x')).toEqual({ n: 2 })
  stop()
})

/** Three changes of `x` that nobody hears of, and that the log no longer has all of. */
async function miss(t: TestSetup): Promise<void> {
  t.hub.bus.setFaultRates({ drop: 1 })
  for (const n of [2, 3, 4]) await t.remote.assign('x', { n })
  t.hub.bus.setFaultRates({})
}

test.each([
  ['section', 'on-demand'],
  ['section', 'all'],
  ['document', 'on-demand'],
] as const)(
  'what a load that was refused left old is current after the next check, followed by %s, replicated %s',
  async (subscribeBy, replicate) => {
    await using t = openTestSetup({ maxChanges: 1 }, { subscribeBy, replicate })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    const told: unknown[] = []
    const stop = t.local.subscribe('x', (change) => told.push('value' in change && change.value))
    await miss(t)
    t.rejections.loads.add('x')
    await t.clock.advance(60_000)
    expect([t.local.peek('x'), t.sync.health()]).toMatchObject([{ n: 1 }, { state: 'catching-up' }])
    expect(t.sync.health().staleForMs).toBeGreaterThan(50_000)
    t.rejections.loads.clear()
    await t.clock.advance(10_000)
    expect([t.local.peek('x'), told, t.sync.health().state]).toEqual([{ n: 4 }, [{ n: 4 }], 'live'])
    stop()
  },
)

test('what was refused is not told to a watcher as current', async () => {
  await using t = openTestSetup({ maxChanges: 1 })
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  const stream = t.local.changes({ from: 'snapshot' })[Symbol.asyncIterator]()
  expect((await stream.next()).value).toMatchObject([{ key: 'x', value: { n: 1 } }])
  await miss(t)
  t.rejections.loads.add('x')
  await t.sync.catchUp()
  t.rejections.loads.clear()
  expect((await stream.next()).value).toMatchObject([{ kind: 'reset', key: 'x', value: { n: 4 } }])
})

test('who watches a document that could not be loaded at first is told of its changes once it can', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  t.rejections.loads.add('x')
  const told: unknown[] = []
  const stop = t.local.subscribe('x', (change) => told.push('value' in change && change.value))
  await t.clock.advance(10)
  t.rejections.loads.clear()
  await t.clock.advance(10_000)
  await t.remote.assign('x', { n: 2 })
  await t.clock.advance(10)
  expect(told).toEqual([{ n: 2 }])
  stop()
})

test('who began to watch before the section could be followed is told of its changes once it is', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  const { store } = t.requests
  const { heads } = store
  store.heads = () => Promise.reject(new ArgumentError('no'))
  const told: unknown[] = []
  const stop = t.local.subscribe('x', (change) => told.push('value' in change && change.value))
  await t.clock.advance(10)
  store.heads = heads
  expect(await t.local.get('y')).toBeUndefined()
  await t.clock.advance(10)
  await t.remote.assign('x', { n: 2 })
  await t.clock.advance(10_000)
  expect(told).toEqual([{ n: 2 }])
  stop()
})
