import { type Change, type CollectionOptions, defineCollection, type SyncInstance } from '@sync/core'
import { expect, test, vi } from 'vitest'
import { type Opened, open } from '../collection/open.ts'

interface Doc {
  n: number
}
const docs = (options: Partial<CollectionOptions<Doc>> = {}): Opened<Doc> =>
  open(defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options }))

/** Lets `b` miss what `a` writes. */
async function missed(t: Opened<Doc>, key: string, doc: Doc): Promise<void> {
  t.cluster.bus.setFaultRates({ drop: 1 })
  await t.a.assign(key, doc)
  t.cluster.bus.setFaultRates({})
}
const held = (t: Opened<Doc>): number | undefined => (t.instances[1] as SyncInstance).stats().documents

test.each(['section', 'document'] as const)(
  'what is forgotten is read from the store, followed by %s',
  async (subscribeBy) => {
    await using t = docs({ subscribeBy })
    await t.a.create('x', { n: 1 })
    await t.b.get('x')
    await missed(t, 'x', { n: 2 })
    expect(await t.b.get('x')).toEqual({ n: 1 })
    await t.b.evict('x')
    expect(t.b.peek('x')).toBe(undefined)
    expect(held(t)).toBe(0)
    expect(await t.b.get('x')).toEqual({ n: 2 })
    // and it is followed again
    await t.a.assign('x', { n: 3 })
    await t.instances[0]?.flush()
    await t.cluster.clock.advance(1)
    expect(t.b.peek('x')).toEqual({ n: 3 })
  },
)

test('only this instance forgets', async () => {
  await using t = docs()
  await t.a.create('x', { n: 1 })
  await t.a.get('x')
  await t.b.get('x')
  await t.b.evict('x')
  expect(t.a.peek('x')).toEqual({ n: 1 })
  expect((await t.b.getEntry('x'))?.version).toBe(1)
})

test('what is not held is not loaded for it', async () => {
  await using t = docs()
  await t.b.evict('x')
  await t.a.create('x', { n: 1 })
  await t.b.evict('x')
  expect(held(t)).toBe(0)
})

test('that a document does not exist is forgotten too', async () => {
  await using t = docs()
  expect(await t.b.get('x')).toBe(undefined)
  await missed(t, 'x', { n: 1 })
  expect(await t.b.get('x')).toBe(undefined)
  await t.b.evict('x')
  expect(await t.b.get('x')).toEqual({ n: 1 })
})

test('and that its source does not have it, also where that is being asked', async () => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<Doc | undefined>()
  const source = vi.fn(() => {
    asked.resolve()
    return answer.promise
  })
  await using t = docs({ source })
  const read = t.b.get('x')
  await asked.promise
  const forgotten = t.b.evict('x')
  answer.resolve(undefined)
  await forgotten
  expect(await read).toBe(undefined)
  source.mockResolvedValue({ n: 1 })
  expect(await t.b.get('x')).toEqual({ n: 1 })
  expect(source).toHaveBeenCalledTimes(2)
})

test.each(['subscribe', 'changes'] as const)(
  'one watched by `%s` stays, is loaded, and its watcher told',
  async (by) => {
    await using t = docs()
    await t.a.create('x', { n: 1 })
    const told: Change<Doc>[] = []
    const stop = new AbortController()
    const watching = (async () => {
      if (by === 'subscribe') t.b.subscribe('x', (change) => told.push(change))
      else for await (const batch of t.b.changes({ key: 'x', signal: stop.signal })) told.push(...batch)
    })()
    await t.cluster.settle()
    await missed(t, 'x', { n: 2 })
    expect(t.b.peek('x')).toEqual({ n: 1 })
    await t.b.evict('x')
    expect(t.b.peek('x')).toEqual({ n: 2 })
    await t.a.assign('x', { n: 3 })
    await t.cluster.settle()
    expect(told).toMatchObject([
      { kind: 'reset', value: { n: 2 } },
      { kind: 'changed', previous: { n: 2 }, value: { n: 3 } },
    ])
    stop.abort()
    await watching
  },
)

test('where all are held it is loaded anew', async () => {
  await using t = docs({ replicate: 'all' })
  await t.a.create('x', { n: 1 })
  await t.b.ready()
  await missed(t, 'x', { n: 2 })
  await missed(t, 'y', { n: 7 })
  expect([t.b.peek('x'), t.b.peek('y')]).toEqual([{ n: 1 }, undefined])
  await t.b.evict('x')
  await t.b.evict('y')
  expect([t.b.peek('x'), t.b.peek('y')]).toEqual([{ n: 2 }, { n: 7 }])
})

test('writes under way are not harmed', async () => {
  await using t = docs()
  await t.a.create('x', { n: 0 })
  const work: Promise<unknown>[] = []
  for (let n = 0; n < 50; n++) {
    work.push(t.a.update('x', (d) => void d.n++))
    work.push(t.b.update('x', (d) => void d.n++))
    work.push(t.b.evict('x'))
  }
  await t.cluster.settle()
  await Promise.all(work)
  expect(await t.b.get('x')).toEqual({ n: 100 })
})

test('its wait can end; a key is needed', async () => {
  await using t = docs()
  await t.b.get('x')
  t.b.subscribe('x', () => {})
  t.cluster.store.pause()
  const refused = expect(t.b.evict('x', { timeout: '1s' })).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
  await t.cluster.clock.advance(2_000)
  await refused
  t.cluster.store.resume()
  await expect(t.b.evict('')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  await t.instances[1]?.close()
  await expect(t.b.evict('x')).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
})
