import { createInstance, defineCollection, memoryBus, memoryStore, NotFoundError, sum } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Doc, openTestSetup } from '../replica/test-setup.ts'
import { open as openPair } from './open.ts'

describe('set({ ifVersion })', () => {
  it('replaces the whole document when the replica is older than the version', async () => {
    await using t = openTestSetup()
    await t.remote.set('x', { n: 1, m: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    const { version } = await t.remote.set('x', { n: 2, m: 2 })
    await t.local.set('x', { n: 1, m: 3 }, { ifVersion: version })
    expect(t.stored('x')).toEqual({ n: 1, m: 3 })
  })
})

describe('update({ ifVersion })', () => {
  it('runs the recipe on the given version when the replica is older', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    const { version } = await t.remote.assign('x', { n: 10 })
    await expect(t.local.update('x', (d) => ({ n: (d.n ?? 0) + 1 }), { ifVersion: version + 5 })).rejects.toMatchObject(
      {
        code: 'SYNC_CONFLICT',
      },
    )
    await t.local.update('x', (d) => ({ n: (d.n ?? 0) + 1 }), { ifVersion: version })
    expect(t.stored('x')).toEqual({ n: 11 })
  })
})

describe('update({ ifMatch })', () => {
  it('conflicts when a change arrives at any step before the commit', async () => {
    for (let turns = 0; turns < 30; turns++) {
      await using t = openTestSetup()
      await t.remote.assign('x', { n: 1 })
      const entry = await t.local.getEntry('x')
      t.hub.bus.pause()
      await t.remote.assign('x', { n: 2 })
      await t.clock.advance(1)
      const ifMatch = entry?.etag
      const add = (doc: Doc): void => {
        doc.n = (doc.n ?? 0) + 10
      }
      const update = t.local.update('x', add, { ifMatch }).catch((error: unknown) => error)
      for (let turn = 0; turn < turns; turn++) await undefined
      t.hub.bus.resume()
      await t.clock.advance(1_000)
      expect([turns, await update]).toMatchObject([turns, { code: 'SYNC_CONFLICT' }])
    }
  })
})

describe('update({ idempotencyKey })', () => {
  it('returns the first result when the repeated recipe would throw', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    const book = (d: { user?: string }): void => {
      if (d.user) throw new Error('taken')
      d.user = 'me'
    }
    await t.local.update('x', book, { idempotencyKey: 'booking' })
    expect(await t.local.update('x', book, { idempotencyKey: 'booking' })).toMatchObject({ version: 2, changed: true })
    await expect(t.local.update('x', book, { idempotencyKey: 'another' })).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
    })
  })
})

describe('assign()', () => {
  it('rejects when the document was deleted and created again', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1, user: 'a' })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.delete('x')
    await t.remote.create('x', { user: 'b' })
    await expect(t.local.assign('x', { n: 2 })).rejects.toBeInstanceOf(NotFoundError)
    expect(t.stored('x')).toEqual({ user: 'b' })
  })

  it('counts both writes when two of them start from the same sum', async () => {
    await using t = openTestSetup({}, { merge: { n: sum } })
    await t.remote.assign('x', { n: 0 })
    const { n = 0 } = (await t.local.get('x')) ?? {}
    await Promise.all([t.local.assign('x', { n: n + 1 }), t.local.assign('x', { n: n + 1 })])
    expect(t.stored('x')).toEqual({ n: 2 })
  })

  it('commits a new write when the op memory has evicted every result known to the instance', async () => {
    await using t = openTestSetup({ maxOpResults: 4 })
    await t.local.ready()
    for (let n = 0; n < 12; n++) await t.remote.assign('y', { n })
    expect(await t.local.assign('x', { n: 1 })).toMatchObject({ changed: true })
  })
})

describe('compareAndSet()', () => {
  it('conflicts on a document that was created again with equal versions', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.delete('x')
    await t.remote.create('x', { n: 9 })
    const trying = t.local.compareAndSet('x', 'n', 2, { expectedVersion: 1 })
    await t.clock.advance(1)
    expect(t.stored('x')).toEqual({ n: 9 })
    expect(await trying).toEqual({ ok: false, fieldVersion: 1, value: 9 })
  })
})

describe('create()', () => {
  it('does not create a document again that was deleted before the reply arrived', async () => {
    await using t = openTestSetup()
    await t.local.ready()
    t.replies.hold('commit')
    const creating = t.local.create('x', { n: 1 }, { idempotencyKey: 'once' })
    await t.clock.advance(1)
    await t.remote.delete('x')
    t.replies.release()
    await t.clock.advance(100)
    expect(await creating).toMatchObject({ created: true, entry: { value: { n: 1 }, version: 1 } })
    expect(await t.local.create('x', { n: 1 }, { idempotencyKey: 'once' })).toMatchObject({ created: true })
    expect(t.stored('x')).toBeUndefined()
  })

  it('returns the existing document, cached or not, when there is a schema', async () => {
    const schema = z.object({ n: z.number() })
    await using t = openPair(defineCollection({ schema, section: 'strict', ttl: 'never' }))
    await t.a.create('x', { n: 1 })
    for (const cached of [undefined, { n: 1 }]) {
      expect(t.b.peek('x')).toEqual(cached)
      expect(await t.b.create('x', { n: 2 })).toMatchObject({ created: false, entry: { value: { n: 1 } } })
    }
  })
})

describe('defineCollection({ schema })', () => {
  it('validates the document that is written when two valid writes are invalid together', async () => {
    const schema = z.object({ a: z.number(), b: z.number() }).refine(({ a, b }) => a + b <= 10, 'too much')
    await using t = openPair(defineCollection({ schema, section: 'limited', ttl: 'never' }))
    await t.a.create('x', { a: 1, b: 1 })
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.assign('x', { a: 8 })
    await expect(t.b.assign('x', { b: 8 })).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      issues: [{ message: 'too much' }],
    })
  })

  it('rejects only the caller whose document is invalid', async () => {
    const schema = z.object({ n: z.number(), m: z.number().optional() })
    await using t = openPair(defineCollection({ schema, section: 'strict', ttl: 'never' }))
    await t.a.create('x', { n: 1 })
    const outcomes = Promise.allSettled([
      t.a.assign('x', { n: 2 }),
      t.a.assign('x', { m: 3 }),
      t.a.assign('x', { n: 'bad' as never }),
      t.a.update('x', (d) => ({ ...d, m: 4 })),
    ])
    await t.cluster.settle()
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  })
})

describe('get()', () => {
  it('returns the document as of the position when an older load is pending', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    const second = await t.remote.assign('x', { n: 2 })
    t.replies.hold('load')
    const first = t.local.get('x', { after: second.position })
    await t.clock.advance(1)
    const third = await t.remote.assign('x', { n: 3 })
    const late = t.local.get('x', { after: third.position })
    await t.clock.advance(1)
    t.replies.release()
    expect([(await first)?.n, (await late)?.n]).toEqual([2, 3])
  })

  it('rejects when the load fails, and loads again on the next call', async () => {
    await using t = openTestSetup()
    const store = memoryStore(t.hub)
    let broken = true
    const sync = createInstance({
      store: {
        ...t.replies.store,
        load: (refs) => (broken ? Promise.reject(new NotFoundError('unreadable')) : store.load(refs)),
      },
      bus: memoryBus(t.hub),
      runtime: t.clock,
    })
    const c = sync.collection(defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' }), { partition: 'p' })
    await t.remote.assign('x', { n: 1 })
    await expect(c.get('x')).rejects.toThrow('unreadable')
    broken = false
    expect(await c.get('x')).toEqual({ n: 1 })
    const closing = sync.close()
    await t.clock.advance(10)
    await closing
  })
})

describe('peek()', () => {
  it('returns undefined when a read came too late to renew a sliding document', async () => {
    await using t = openTestSetup({}, { ttl: { after: 1_000, sliding: true } })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await t.clock.advance(990)
    t.hub.store.pause()
    t.local.peek('x')
    await t.clock.advance(50)
    t.hub.store.resume()
    for (let i = 0; i < 10; i++) {
      await t.clock.advance(300)
      t.local.peek('x')
    }
    expect(t.local.peek('x')).toBeUndefined()
  })

  it('returns a deleted document again when the store lost the deletion', async () => {
    await using t = openTestSetup({}, { replicate: 'all' })
    await t.local.ready()
    await t.remote.assign('x', { n: 1 })
    await t.remote.delete('x')
    await t.clock.advance(1)
    await t.sync.catchUp()
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    await t.clock.advance(100)
    expect(t.local.peek('x')).toEqual({ n: 1 })
  })
})

describe('close()', () => {
  it('rejects every later call', async () => {
    await using t = openTestSetup()
    await t.local.get('x')
    const closing = t.sync.close()
    await t.clock.advance(10)
    await closing
    const closed = { code: 'SYNC_CLOSED' }
    await expect(t.local.get('x')).rejects.toMatchObject(closed)
    await expect(t.local.ready()).rejects.toMatchObject(closed)
    await expect(t.local.changes()[Symbol.asyncIterator]().next()).rejects.toMatchObject(closed)
    expect(() => t.local.peek('x')).toThrow('closed')
    expect(() => t.local.subscribe('x', () => {})).toThrow('closed')
  })
})

describe('field names', () => {
  it('accepts names that every object inherits', async () => {
    await using t = openPair(defineCollection<Record<string, string>>({ section: 'names', ttl: 'never' }))
    await t.a.assign('x', { a: 'b' })
    expect(await t.a.compareAndSet('x', 'valueOf', 'v', { expectedVersion: 9 })).toEqual({
      ok: false,
      fieldVersion: 0,
      value: undefined,
    })
    const patches: unknown[] = []
    t.b.subscribe('x', (change) => patches.push('patch' in change && change.patch))
    await t.b.get('x')
    await t.a.assign('x', { toString: 's' } as never)
    await t.cluster.settle()
    expect(patches).toEqual([[{ op: 'add', path: '/toString', value: 's' }]])
  })
})
