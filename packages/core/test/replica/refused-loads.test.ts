import { ArgumentError } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { openTestSetup, type TestSetup } from './test-setup.ts'

/** Commits three changes of `x` that the bus drops and of which the log keeps only the last. */
async function loseChanges(t: TestSetup): Promise<void> {
  t.hub.bus.setFaultRates({ drop: 1 })
  for (const n of [2, 3, 4]) await t.remote.assign('x', { n })
  t.hub.bus.setFaultRates({})
}

describe('evict()', () => {
  it.each(['section', 'document'] as const)(
    'does not repeat a refused load when subscribed by %s',
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
})

describe('assign()', () => {
  it('shows the write in later reads when a reload that was in progress is refused', async () => {
    await using t = openTestSetup({}, { replicate: 'all' })
    await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    t.rejections.loads.add('x')
    t.requests.holdNext('load')
    const evicting = expect(t.local.evict('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    await t.clock.advance(1)
    const write = t.local.assign('x', { n: 2 })
    await t.clock.advance(1)
    t.requests.release()
    await evicting
    await write
    expect([t.local.peek('x'), await t.local.get('x')]).toEqual([{ n: 2 }, { n: 2 }])
  })

  it('makes later reads reject until they can show the write when an earlier change is missing', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await loseChanges(t)
    t.rejections.loads.add('x')
    const write = t.local.assign('x', { n: 5 })
    await t.clock.advance(1_000)
    await write
    expect(t.local.peek('x')).toBeUndefined()
    await expect(t.local.get('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    t.rejections.loads.clear()
    expect(await t.local.get('x')).toEqual({ n: 5 })
    expect(t.local.peek('x')).toEqual({ n: 5 })
  })

  it('resolves when the document cannot be loaded to show the write', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    const stop = t.local.subscribe('x', () => {})
    t.rejections.loads.add('x')
    t.requests.holdNext('load')
    const evicting = expect(t.local.evict('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    await t.clock.advance(1)
    const write = t.local.assign('x', { n: 2 })
    await t.clock.advance(1)
    t.requests.release()
    await evicting
    expect(await write).toMatchObject({ version: 2, changed: true })
    expect(t.stored('x')).toEqual({ n: 2 })
    stop()
  })
})

describe('heartbeat check', () => {
  it.each([
    ['section', 'on-demand'],
    ['section', 'all'],
    ['document', 'on-demand'],
  ] as const)(
    'reloads a document after a refused load when subscribed by %s and replicated %s',
    async (subscribeBy, replicate) => {
      await using t = openTestSetup({ maxChanges: 1 }, { subscribeBy, replicate })
      await t.remote.assign('x', { n: 1 })
      await t.local.get('x')
      const received: unknown[] = []
      const stop = t.local.subscribe('x', (change) => received.push('value' in change && change.value))
      await loseChanges(t)
      t.rejections.loads.add('x')
      await t.clock.advance(60_000)
      expect([t.local.peek('x'), t.sync.health()]).toMatchObject([{ n: 1 }, { state: 'catching-up' }])
      expect(t.sync.health().staleForMs).toBeGreaterThan(50_000)
      t.rejections.loads.clear()
      await t.clock.advance(10_000)
      expect([t.local.peek('x'), received, t.sync.health().state]).toEqual([{ n: 4 }, [{ n: 4 }], 'live'])
      stop()
    },
  )
})

describe('changes()', () => {
  it('emits no stale value after a refused load', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    const stream = t.local.changes({ from: 'snapshot' })[Symbol.asyncIterator]()
    expect((await stream.next()).value).toMatchObject([{ key: 'x', value: { n: 1 } }])
    await loseChanges(t)
    t.rejections.loads.add('x')
    await t.sync.catchUp()
    t.rejections.loads.clear()
    expect((await stream.next()).value).toMatchObject([{ kind: 'reset', key: 'x', value: { n: 4 } }])
  })
})

describe('subscribe()', () => {
  it('notifies the listener once a document that failed to load can be loaded', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    t.rejections.loads.add('x')
    const received: unknown[] = []
    const stop = t.local.subscribe('x', (change) => received.push('value' in change && change.value))
    await t.clock.advance(10)
    t.rejections.loads.clear()
    await t.clock.advance(10_000)
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(10)
    expect(received).toEqual([{ n: 2 }])
    stop()
  })

  it('notifies the listener once a section that failed to join can be joined', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    const { store } = t.requests
    const { heads } = store
    store.heads = () => Promise.reject(new ArgumentError('no'))
    const received: unknown[] = []
    const stop = t.local.subscribe('x', (change) => received.push('value' in change && change.value))
    await t.clock.advance(10)
    store.heads = heads
    expect(await t.local.get('y')).toBeUndefined()
    await t.clock.advance(10)
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(10_000)
    expect(received).toEqual([{ n: 2 }])
    stop()
  })
})
