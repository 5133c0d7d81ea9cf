import { type Change, type CollectionOptions, defineCollection, type SyncInstance } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'
import { type Opened, open } from '../collection/open.ts'

interface Doc {
  n: number
}
const docs = (options: Partial<CollectionOptions<Doc>> = {}): Opened<Doc> =>
  open(defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options }))

/** Writes at `a` without delivering the change to `b`. */
async function writeUndelivered(t: Opened<Doc>, key: string, doc: Doc): Promise<void> {
  t.cluster.bus.setFaultRates({ drop: 1 })
  await t.a.assign(key, doc)
  t.cluster.bus.setFaultRates({})
}
const cachedDocuments = (t: Opened<Doc>): number | undefined => (t.instances[1] as SyncInstance).stats().documents

describe('evict()', () => {
  it.each(['section', 'document'] as const)(
    'makes the next read load from the store when subscribed by %s',
    async (subscribeBy) => {
      await using t = docs({ subscribeBy })
      await t.a.create('x', { n: 1 })
      await t.b.get('x')
      await writeUndelivered(t, 'x', { n: 2 })
      expect(await t.b.get('x')).toEqual({ n: 1 })
      await t.b.evict('x')
      expect(t.b.peek('x')).toBe(undefined)
      expect(cachedDocuments(t)).toBe(0)
      expect(await t.b.get('x')).toEqual({ n: 2 })
      // and the instance subscribes to the document again
      await t.a.assign('x', { n: 3 })
      await t.instances[0]?.flush()
      await t.cluster.clock.advance(1)
      expect(t.b.peek('x')).toEqual({ n: 3 })
    },
  )

  it('evicts on this instance only', async () => {
    await using t = docs()
    await t.a.create('x', { n: 1 })
    await t.a.get('x')
    await t.b.get('x')
    await t.b.evict('x')
    expect(t.a.peek('x')).toEqual({ n: 1 })
    expect((await t.b.getEntry('x'))?.version).toBe(1)
  })

  it('does not load a document that is not cached', async () => {
    await using t = docs()
    await t.b.evict('x')
    await t.a.create('x', { n: 1 })
    await t.b.evict('x')
    expect(cachedDocuments(t)).toBe(0)
  })

  it('evicts the absence of a document', async () => {
    await using t = docs()
    expect(await t.b.get('x')).toBe(undefined)
    await writeUndelivered(t, 'x', { n: 1 })
    expect(await t.b.get('x')).toBe(undefined)
    await t.b.evict('x')
    expect(await t.b.get('x')).toEqual({ n: 1 })
  })

  it('evicts the absence of a document in its source, also while the source is asked', async () => {
    const requested = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<Doc | undefined>()
    const source = vi.fn(() => {
      requested.resolve()
      return answer.promise
    })
    await using t = docs({ source })
    const read = t.b.get('x')
    await requested.promise
    const evicting = t.b.evict('x')
    answer.resolve(undefined)
    await evicting
    expect(await read).toBe(undefined)
    source.mockResolvedValue({ n: 1 })
    expect(await t.b.get('x')).toEqual({ n: 1 })
    expect(source).toHaveBeenCalledTimes(2)
  })

  it.each(['subscribe', 'changes'] as const)(
    'reloads a document watched with %s() and notifies its watcher',
    async (by) => {
      await using t = docs()
      await t.a.create('x', { n: 1 })
      const received: Change<Doc>[] = []
      const stop = new AbortController()
      const watching = (async () => {
        if (by === 'subscribe') t.b.subscribe('x', (change) => received.push(change))
        else for await (const batch of t.b.changes({ key: 'x', signal: stop.signal })) received.push(...batch)
      })()
      await t.cluster.settle()
      await writeUndelivered(t, 'x', { n: 2 })
      expect(t.b.peek('x')).toEqual({ n: 1 })
      await t.b.evict('x')
      expect(t.b.peek('x')).toEqual({ n: 2 })
      await t.a.assign('x', { n: 3 })
      await t.cluster.settle()
      expect(received).toMatchObject([
        { kind: 'reset', value: { n: 2 } },
        { kind: 'changed', previous: { n: 2 }, value: { n: 3 } },
      ])
      stop.abort()
      await watching
    },
  )

  it("reloads the document when replicate is 'all'", async () => {
    await using t = docs({ replicate: 'all' })
    await t.a.create('x', { n: 1 })
    await t.b.ready()
    await writeUndelivered(t, 'x', { n: 2 })
    await writeUndelivered(t, 'y', { n: 7 })
    expect([t.b.peek('x'), t.b.peek('y')]).toEqual([{ n: 1 }, undefined])
    await t.b.evict('x')
    await t.b.evict('y')
    expect([t.b.peek('x'), t.b.peek('y')]).toEqual([{ n: 2 }, { n: 7 }])
  })

  it('does not disturb concurrent writes', async () => {
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

  it('rejects on a timeout, an empty key and a closed instance', async () => {
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
})
