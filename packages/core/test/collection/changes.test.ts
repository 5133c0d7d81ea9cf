import { type Change, type ChangesOptions, type Collection, defineCollection } from '@sync/core'
import { expect, test } from 'vitest'
import { lamp, open } from './open.ts'

interface Doc {
  n: number
  list?: number[]
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** Collects a stream's changes until it is stopped. */
function watch(
  c: Collection<Doc>,
  options: ChangesOptions<Doc> = {},
): { seen: Change<Doc>[]; batches: number[]; done: Promise<void>; stop: () => Promise<void> } {
  const stop = new AbortController()
  const seen: Change<Doc>[] = []
  const batches: number[] = []
  const done = (async () => {
    for await (const batch of c.changes({ ...options, signal: stop.signal })) {
      batches.push(batch.length)
      seen.push(...batch)
    }
  })()
  return {
    seen,
    batches,
    done,
    stop: () => {
      stop.abort()
      return done
    },
  }
}

const short = ({ kind, key, version }: Change<Doc>): string => `${kind} ${key} ${version}`

test('a section is told in the order of its commits, each change once', async () => {
  await using t = open(docs)
  const w = watch(t.b, { combine: false })
  await t.cluster.settle()
  await t.a.assign('x', { n: 1 })
  await t.a.assign('y', { n: 1 })
  await t.a.assign('x', { n: 2 })
  await t.a.delete('y')
  await t.cluster.settle()
  expect(w.seen.map(short)).toEqual(['created x 1', 'created y 1', 'delta x 2', 'removed y 2'])
  await w.stop()
})

test('a lost message is filled in at its place', async () => {
  await using t = open(docs)
  const w = watch(t.b, { combine: false })
  await t.b.get('x')
  await t.a.assign('x', { n: 1 })
  await t.cluster.settle()
  t.cluster.bus.drop(2)
  for (let n = 2; n < 6; n++) await t.a.assign('x', { n })
  await t.cluster.settle()
  expect(w.seen.map((each) => each.version)).toEqual([1, 2, 3, 4, 5])
  expect(w.seen.at(-1)).toMatchObject({ kind: 'changed', value: { n: 5 }, previous: { n: 4 }, fields: ['n'] })
  expect(t.instances[1]?.stats()).toMatchObject({ gaps: expect.any(Number), repairs: expect.any(Number) })
  await w.stop()
})

test('what waits is combined per document', async () => {
  await using t = open(docs)
  await t.a.assign('x', { n: 0, list: [] })
  await t.b.get('x')
  const w = watch(t.b)
  await t.cluster.settle()
  t.cluster.bus.pause()
  for (let n = 1; n <= 5; n++) await t.a.update('x', (d) => void d.list?.push(n))
  await t.a.assign('y', { n: 1 })
  t.cluster.bus.resume()
  await t.cluster.settle()
  const [x, y] = w.seen
  expect(x).toMatchObject({ key: 'x', version: 6, value: { list: [1, 2, 3, 4, 5] }, previous: { list: [] } })
  expect(w.seen.reduce((sum, { commits }) => sum + commits, 0)).toBe(6)
  expect(y).toMatchObject({ kind: 'created', key: 'y' })
  await w.stop()
})

test('from a snapshot: a reset for each document, then what follows', async () => {
  await using t = open(docs)
  await t.a.assign('x', { n: 1 })
  await t.a.assign('y', { n: 1 })
  const w = watch(t.b, { from: 'snapshot', combine: false })
  await t.cluster.settle()
  await t.a.assign('x', { n: 2 })
  await t.cluster.settle()
  expect(w.seen.map(short).sort()).toEqual(['delta x 2', 'reset x 1', 'reset y 1'])
  await w.stop()
})

test.each([
  ['all that there is', 'snapshot', ['reset x 2', 'reset y 1', 'created z 1', 'removed z 2']],
  ['what came after a position', 'after', ['delta x 2', 'created y 1', 'created z 1', 'removed z 2']],
  ['what this instance had missed', 'now', ['delta x 2', 'created y 1', 'created z 1', 'removed z 2']],
] as const)('until now: ends by itself when %s has been told', async (_, from, expected) => {
  await using t = open(docs)
  const { position } = await t.a.assign('x', { n: 1 })
  await t.b.ready()
  t.cluster.bus.setFaultRates({ drop: 1 })
  await t.a.assign('x', { n: 2 })
  await t.a.assign('y', { n: 1 })
  await t.a.assign('z', { n: 1 })
  await t.a.delete('z')
  const options = { from: from === 'after' ? { after: position } : from, until: 'now', combine: false } as const
  const w = watch(t.b, options)
  await t.cluster.clock.advance(100)
  await w.done
  expect(w.seen.map(short)).toEqual(expected)
})

test('until now: an empty section ends at once, an unknown end is refused', async () => {
  await using t = open(docs)
  const w = watch(t.b, { from: 'snapshot', until: 'now' })
  await t.cluster.clock.advance(100)
  await w.done
  expect(w.seen).toEqual([])
  expect(() => t.b.changes({ until: 'later' as never })).toThrow(/until: expected 'stopped' or 'now', got "later"/)
})

test('a saved position goes on where it was, in another instance, without hole or repeat', async () => {
  await using t = open(docs)
  const first = watch(t.b, { combine: false })
  await t.cluster.settle()
  for (let n = 1; n <= 5; n++) await t.a.assign('x', { n })
  await t.cluster.settle()
  const { position } = first.seen[1] as Change<Doc>
  await first.stop()
  await t.a.assign('x', { n: 6 })
  const again = watch(t.cluster.open().collection(docs, { partition: 'eu' }), {
    from: { after: JSON.parse(JSON.stringify(position)) },
    combine: false,
  })
  await t.cluster.settle()
  await t.a.assign('x', { n: 7 })
  await t.cluster.settle()
  expect(again.seen.map(({ version }) => version)).toEqual([3, 4, 5, 6, 7])
  await again.stop()
})

test('a position that the log no longer reaches begins again with resets that say so', async () => {
  await using t = open(docs, { hub: { maxChanges: 2 } })
  const { position } = await t.a.assign('x', { n: 1 })
  for (let n = 2; n <= 6; n++) await t.a.assign('x', { n })
  const w = watch(t.b, { from: { after: position } })
  await t.cluster.settle()
  expect(w.seen).toMatchObject([{ kind: 'reset', reason: 'log-truncated', value: { n: 6 } }])
  await w.stop()
})

test('a position of a history that the store lost begins again, and what is gone is told', async () => {
  await using t = open(docs)
  const w = watch(t.b, { combine: false })
  await t.cluster.settle()
  await t.a.assign('x', { n: 1 })
  await t.a.assign('y', { n: 1 })
  await t.cluster.settle()
  t.cluster.store.loseTail(1)
  await t.cluster.settle()
  expect(w.seen.slice(2)).toMatchObject([
    { kind: 'reset', key: 'x', reason: 'epoch' },
    { kind: 'removed', key: 'y', reason: 'lost' },
  ])
  await w.stop()
})

test('one document, a prefix, some fields', async () => {
  await using t = open(docs)
  await t.a.assign('a/1', { n: 1 })
  const one = watch(t.b, { key: 'a/1', combine: false })
  const some = watch(t.b, { prefix: 'a/', combine: false })
  const list = watch(t.b, { fields: ['list'], combine: false })
  await t.cluster.settle()
  await t.a.assign('a/1', { n: 2 })
  await t.a.assign('b/1', { n: 1 })
  await t.a.assign('a/2', { n: 1 })
  await t.a.assign('a/1', { list: [1] })
  await t.cluster.settle()
  expect(one.seen.map(short)).toEqual(['changed a/1 2', 'changed a/1 3'])
  expect(some.seen.map(short)).toEqual(['changed a/1 2', 'created a/2 1', 'changed a/1 3'])
  expect(list.seen.map(short)).toEqual(['created b/1 1', 'created a/2 1', 'changed a/1 3'])
  await Promise.all([one.stop(), some.stop(), list.stop()])
})

test('a watcher too slow for the flood is told the values instead, and memory stays bounded', async () => {
  await using t = open(docs)
  await t.a.assign('x', { n: 0 })
  await t.b.get('x')
  const stream = t.b.changes({ combine: false, maxBatch: 10 })[Symbol.asyncIterator]()
  const first = stream.next()
  await t.cluster.settle()
  await t.a.assign('x', { n: 1 })
  await t.cluster.settle()
  expect((await first).value).toMatchObject([{ version: 2 }])
  for (let n = 2; n < 12_000; n += 1_000) {
    for (let i = n; i < n + 1_000; i++)
      void t.a.update(
        'x',
        (d) => {
          d.n = i
        },
        { meta: { i: String(i) } },
      )
    await t.cluster.settle()
  }
  const { value } = await stream.next()
  expect(value).toMatchObject([{ kind: 'reset', reason: 'overflow', value: t.a.peek('x') }])
  await stream.return?.()
}, 30_000)

test('a blocked watcher stalls nobody', async () => {
  await using t = open(docs)
  const stuck = t.b.changes()[Symbol.asyncIterator]()
  void stuck.next()
  const w = watch(t.b, { combine: false })
  await t.cluster.settle()
  for (let n = 1; n <= 10; n++) await t.a.assign('x', { n })
  await t.cluster.settle()
  expect(w.seen).toHaveLength(10)
  await w.stop()
})

test('a listener that throws harms nobody, and is heard of', async () => {
  await using t = open(docs)
  const events: string[] = []
  t.instances[1]?.onEvent((event) => events.push(event.type))
  const seen: number[] = []
  t.b.subscribe('x', () => {
    throw new Error('listener')
  })
  const end = t.b.subscribe('x', (change) => seen.push(change.version))
  await t.b.get('x')
  await t.a.assign('x', { n: 1 })
  await t.cluster.settle()
  end()
  await t.a.assign('x', { n: 2 })
  await t.cluster.settle()
  expect(seen).toEqual([1])
  expect(events).toContain('error')
})

test('who watches a document is told of each change, also of those that its own writes meet', async () => {
  await using t = open()
  await t.a.create('x', lamp)
  await Promise.all([t.a.get('x'), t.b.get('x')])
  const told: number[] = []
  t.b.subscribe('x', ({ version }) => told.push(version))
  t.cluster.bus.delay(500)
  await t.a.assign('x', { price: 5 })
  await t.a.assign('x', { price: 6 })
  await t.b.update('x', (d) => void d.stock++)
  expect(await t.b.assign('x', { price: 7 }, { ifVersion: 4 })).toMatchObject({ version: 5 })
  const writing = t.a.assign('x', { price: 8 })
  await t.cluster.clock.advance(100)
  const { position } = await writing
  expect((await t.b.get('x', { after: position }))?.price).toBe(8)
  await t.cluster.clock.advance(2_000)
  expect(told).toEqual([2, 3, 4, 5, 6])
})
