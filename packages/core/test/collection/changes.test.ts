import { type Change, type ChangesOptions, type Collection, defineCollection } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { lamp, open } from './open.ts'

interface Doc {
  n: number
  list?: number[]
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** Collects the changes of a stream until `stop` is called. */
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

describe('changes()', () => {
  it('emits each change of a section once, in commit order', async () => {
    await using t = open(docs)
    const watcher = watch(t.b, { combine: false })
    await t.cluster.settle()
    await t.a.assign('x', { n: 1 })
    await t.a.assign('y', { n: 1 })
    await t.a.assign('x', { n: 2 })
    await t.a.delete('y')
    await t.cluster.settle()
    expect(watcher.seen.map(short)).toEqual(['created x 1', 'created y 1', 'delta x 2', 'removed y 2'])
    await watcher.stop()
  })

  it('emits a lost change in its place', async () => {
    await using t = open(docs)
    const watcher = watch(t.b, { combine: false })
    await t.b.get('x')
    await t.a.assign('x', { n: 1 })
    await t.cluster.settle()
    t.cluster.bus.drop(2)
    for (let n = 2; n < 6; n++) await t.a.assign('x', { n })
    await t.cluster.settle()
    expect(watcher.seen.map((each) => each.version)).toEqual([1, 2, 3, 4, 5])
    expect(watcher.seen.at(-1)).toMatchObject({ kind: 'changed', value: { n: 5 }, previous: { n: 4 }, fields: ['n'] })
    expect(t.instances[1]?.stats()).toMatchObject({ gaps: expect.any(Number), repairs: expect.any(Number) })
    await watcher.stop()
  })

  it('combines waiting changes per document', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 0, list: [] })
    await t.b.get('x')
    const watcher = watch(t.b)
    await t.cluster.settle()
    t.cluster.bus.pause()
    for (let n = 1; n <= 5; n++) await t.a.update('x', (d) => void d.list?.push(n))
    await t.a.assign('y', { n: 1 })
    t.cluster.bus.resume()
    await t.cluster.settle()
    const [x, y] = watcher.seen
    expect(x).toMatchObject({ key: 'x', version: 6, value: { list: [1, 2, 3, 4, 5] }, previous: { list: [] } })
    expect(watcher.seen.reduce((sum, { commits }) => sum + commits, 0)).toBe(6)
    expect(y).toMatchObject({ kind: 'created', key: 'y' })
    await watcher.stop()
  })

  it('emits resets and removals when the store loses commits', async () => {
    await using t = open(docs)
    const watcher = watch(t.b, { combine: false })
    await t.cluster.settle()
    await t.a.assign('x', { n: 1 })
    await t.a.assign('y', { n: 1 })
    await t.cluster.settle()
    t.cluster.store.loseTail(1)
    await t.cluster.settle()
    expect(watcher.seen.slice(2)).toMatchObject([
      { kind: 'reset', key: 'x', reason: 'epoch' },
      { kind: 'removed', key: 'y', reason: 'lost' },
    ])
    await watcher.stop()
  })

  it('emits only changes of the given key, prefix or fields', async () => {
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

  it('emits a reset in place of the changes when a watcher falls too far behind', async () => {
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

  it('does not delay a watcher when another one stops reading', async () => {
    await using t = open(docs)
    const stuck = t.b.changes()[Symbol.asyncIterator]()
    void stuck.next()
    const watcher = watch(t.b, { combine: false })
    await t.cluster.settle()
    for (let n = 1; n <= 10; n++) await t.a.assign('x', { n })
    await t.cluster.settle()
    expect(watcher.seen).toHaveLength(10)
    await watcher.stop()
  })
})

describe("changes({ from: 'snapshot' })", () => {
  it('emits a reset for each document, then later changes', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 1 })
    await t.a.assign('y', { n: 1 })
    const watcher = watch(t.b, { from: 'snapshot', combine: false })
    await t.cluster.settle()
    await t.a.assign('x', { n: 2 })
    await t.cluster.settle()
    expect(watcher.seen.map(short).sort()).toEqual(['delta x 2', 'reset x 1', 'reset y 1'])
    await watcher.stop()
  })
})

describe("changes({ until: 'now' })", () => {
  it.each([
    ['all documents', 'snapshot', ['reset x 2', 'reset y 1', 'created z 1', 'removed z 2']],
    ['the changes after a position', 'after', ['delta x 2', 'created y 1', 'created z 1', 'removed z 2']],
    ['the changes that the instance missed', 'now', ['delta x 2', 'created y 1', 'created z 1', 'removed z 2']],
  ] as const)('ends after it has emitted %s', async (_, from, expected) => {
    await using t = open(docs)
    const { position } = await t.a.assign('x', { n: 1 })
    await t.b.ready()
    t.cluster.bus.setFaultRates({ drop: 1 })
    await t.a.assign('x', { n: 2 })
    await t.a.assign('y', { n: 1 })
    await t.a.assign('z', { n: 1 })
    await t.a.delete('z')
    const options = { from: from === 'after' ? { after: position } : from, until: 'now', combine: false } as const
    const watcher = watch(t.b, options)
    await t.cluster.clock.advance(100)
    await watcher.done
    expect(watcher.seen.map(short)).toEqual(expected)
  })

  it('ends at once when the section is empty, and rejects an unknown end', async () => {
    await using t = open(docs)
    const watcher = watch(t.b, { from: 'snapshot', until: 'now' })
    await t.cluster.clock.advance(100)
    await watcher.done
    expect(watcher.seen).toEqual([])
    expect(() => t.b.changes({ until: 'later' as never })).toThrow(/until: expected 'stopped' or 'now', got "later"/)
  })
})

describe('changes({ from: { after } })', () => {
  it('resumes in another instance without a gap or a repeat', async () => {
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

  it('emits a reset with the reason when the log no longer has the position', async () => {
    await using t = open(docs, { hub: { maxChanges: 2 } })
    const { position } = await t.a.assign('x', { n: 1 })
    for (let n = 2; n <= 6; n++) await t.a.assign('x', { n })
    const watcher = watch(t.b, { from: { after: position } })
    await t.cluster.settle()
    expect(watcher.seen).toMatchObject([{ kind: 'reset', reason: 'log-truncated', value: { n: 6 } }])
    await watcher.stop()
  })
})

describe('subscribe()', () => {
  it('reports an error event and calls the other listeners when a listener throws', async () => {
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

  it('calls the listener once per change when own writes find changes before the bus', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await Promise.all([t.a.get('x'), t.b.get('x')])
    const received: number[] = []
    t.b.subscribe('x', ({ version }) => received.push(version))
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
    expect(received).toEqual([2, 3, 4, 5, 6])
  })
})
