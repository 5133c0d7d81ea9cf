import { ArgumentError } from '@sync/core'
import { expect, test } from 'vitest'
import { open, type Stage } from './stage.ts'

test.each(['section', 'key'] as const)(
  'what has to be loaded anew and is refused is not asked for again and again, followed by %s',
  async (follow) => {
    await using t = open({}, { follow })
    await t.other.set('x', { n: 1 })
    const { position } = await t.other.set('x', { n: 2 })
    await t.c.get('x')
    const stop = t.c.subscribe('x', () => {})
    t.refused.loads.add('x')
    await expect(t.c.forget('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    const elsewhere = position.replace(/\..*/, '.elsewhere')
    await expect(t.c.get('x', { after: elsewhere })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    t.refused.loads.clear()
    await t.c.forget('x')
    expect(t.c.peek('x')).toEqual({ n: 2 })
    stop()
  },
)

test('a write is acknowledged though the document cannot be loaded to show it', async () => {
  await using t = open()
  await t.other.set('x', { n: 1 })
  await t.c.get('x')
  const stop = t.c.subscribe('x', () => {})
  t.refused.loads.add('x')
  t.requests.holdNext('load')
  const forgetting = expect(t.c.forget('x')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  await t.clock.advance(1)
  const write = t.c.set('x', { n: 2 })
  await t.clock.advance(1)
  t.requests.release()
  await forgetting
  expect(await write).toMatchObject({ version: 2, changed: true })
  expect(t.stored('x')).toEqual({ n: 2 })
  stop()
})

/** Three changes of `x` that nobody hears of, and that the log no longer has all of. */
async function miss(t: Stage): Promise<void> {
  t.hub.bus.chance({ drop: 1 })
  for (const n of [2, 3, 4]) await t.other.set('x', { n })
  t.hub.bus.chance({})
}

test.each([
  ['section', 'on-read'],
  ['section', 'all'],
  ['key', 'on-read'],
] as const)(
  'what a load that was refused left old is current after the next check, followed by %s, replicated %s',
  async (follow, replicate) => {
    await using t = open({ maxChanges: 1 }, { follow, replicate })
    await t.other.set('x', { n: 1 })
    await t.c.get('x')
    const told: unknown[] = []
    const stop = t.c.subscribe('x', (change) => told.push('value' in change && change.value))
    await miss(t)
    t.refused.loads.add('x')
    await t.clock.advance(60_000)
    expect([t.c.peek('x'), t.sync.health()]).toMatchObject([{ n: 1 }, { state: 'catching-up' }])
    expect(t.sync.health().staleForMs).toBeGreaterThan(50_000)
    t.refused.loads.clear()
    await t.clock.advance(10_000)
    expect([t.c.peek('x'), told, t.sync.health().state]).toEqual([{ n: 4 }, [{ n: 4 }], 'live'])
    stop()
  },
)

test('what was refused is not told to a watcher as current', async () => {
  await using t = open({ maxChanges: 1 })
  await t.other.set('x', { n: 1 })
  await t.c.get('x')
  const stream = t.c.changes({ from: 'snapshot' })[Symbol.asyncIterator]()
  expect((await stream.next()).value).toMatchObject([{ key: 'x', value: { n: 1 } }])
  await miss(t)
  t.refused.loads.add('x')
  await t.sync.check()
  t.refused.loads.clear()
  expect((await stream.next()).value).toMatchObject([{ kind: 'reset', key: 'x', value: { n: 4 } }])
})

test('who watches a document that could not be loaded at first is told of its changes once it can', async () => {
  await using t = open()
  await t.other.set('x', { n: 1 })
  t.refused.loads.add('x')
  const told: unknown[] = []
  const stop = t.c.subscribe('x', (change) => told.push('value' in change && change.value))
  await t.clock.advance(10)
  t.refused.loads.clear()
  await t.clock.advance(10_000)
  await t.other.set('x', { n: 2 })
  await t.clock.advance(10)
  expect(told).toEqual([{ n: 2 }])
  stop()
})

test('who began to watch before the section could be followed is told of its changes once it is', async () => {
  await using t = open()
  await t.other.set('x', { n: 1 })
  const { store } = t.requests
  const { heads } = store
  store.heads = () => Promise.reject(new ArgumentError('no'))
  const told: unknown[] = []
  const stop = t.c.subscribe('x', (change) => told.push('value' in change && change.value))
  await t.clock.advance(10)
  store.heads = heads
  expect(await t.c.get('y')).toBeUndefined()
  await t.clock.advance(10)
  await t.other.set('x', { n: 2 })
  await t.clock.advance(10_000)
  expect(told).toEqual([{ n: 2 }])
  stop()
})
