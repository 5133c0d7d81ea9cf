import { ConflictError, defineCollection, NotFoundError, NotJsonError, RejectedError } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { lamp, open, type Product } from './open.ts'

describe('assign()', () => {
  it('writes the named fields and leaves the others', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    expect(await t.a.assign('x', { price: 5 })).toMatchObject({ version: 2, changed: true })
    expect(await t.b.get('x')).toEqual({ ...lamp, price: 5 })
    expect((await t.b.getEntry('x'))?.fieldVersions).toMatchObject({ price: 2, title: 1 })
  })

  it('creates an absent document from the given fields', async () => {
    await using t = open()
    expect(await t.a.assign('x', { title: 'new' })).toMatchObject({ version: 1, changed: true })
    expect(await t.b.get('x')).toEqual({ title: 'new' })
  })

  it('writes nothing only when the store, not the replica, has the given values', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.a.get('x')
    expect(await t.a.assign('x', { price: 4 })).toMatchObject({ version: 1, changed: false })
    // the other instance changes the document without the first one noticing
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.b.assign('x', { price: 9 })
    expect(await t.a.assign('x', { price: 4 })).toMatchObject({ version: 3, changed: true })
    t.cluster.bus.resume()
    await t.cluster.settle()
    expect(t.b.peek('x')?.price).toBe(4)
  })

  it('rejects, as unset() does, when the document was deleted concurrently', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.delete('x')
    await expect(t.b.assign('x', { price: 1 })).rejects.toBeInstanceOf(NotFoundError)
    await expect(t.b.unset('x', ['price'])).rejects.toBeInstanceOf(NotFoundError)
    expect(await t.b.get('x')).toBeUndefined()
  })

  it('rejects a value that is not JSON with its path and writes nothing', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await expect(t.a.assign('x', { size: { width: Number.NaN, parts: [] } })).rejects.toMatchObject({
      code: 'SYNC_NOT_JSON',
      path: '/size/width',
    })
    await expect(
      t.a.update('x', (d) => {
        d.note = new Date() as never
      }),
    ).rejects.toBeInstanceOf(NotJsonError)
    expect((await t.b.getEntry('x'))?.version).toBe(1)
  })
})

describe('assign({ ifVersion })', () => {
  it('conflicts when the document is at another version', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.a.assign('x', { price: 5 })
    await expect(t.b.assign('x', { price: 6 }, { ifVersion: 1 })).rejects.toMatchObject({
      code: 'SYNC_CONFLICT',
      current: { version: 2 },
    })
    expect(await t.b.assign('x', { price: 6 }, { ifVersion: 2 })).toMatchObject({ version: 3 })
    await expect(t.b.delete('x', { ifVersion: 1 })).rejects.toBeInstanceOf(ConflictError)
  })
})

describe('assign({ meta })', () => {
  it('sends meta with the change and does not combine writes with different meta', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const seen: unknown[] = []
    t.b.subscribe('x', (change) => seen.push(change.meta))
    await t.b.get('x')
    await Promise.all([1, 2, 3].map((i) => t.a.assign('x', { price: i * 10 }, { meta: { actor: `user-${i}` } })))
    await t.cluster.settle()
    expect(seen).toEqual([{ actor: 'user-1' }, { actor: 'user-2' }, { actor: 'user-3' }])
  })
})

describe('set()', () => {
  it('removes fields that the value lacks and publishes only the difference', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, note: 'old' })
    await t.a.get('x')
    await t.b.get('x')
    const before = t.instances[0]?.stats().publishedBytes ?? 0
    await t.a.set('x', { ...lamp, price: 5 })
    await t.cluster.settle()
    expect(t.b.peek('x')).toEqual({ ...lamp, price: 5 })
    expect((t.instances[0]?.stats().publishedBytes ?? 0) - before).toBeLessThan(80)
  })

  it('never mixes two documents', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.a.get('x')
    await t.b.get('x')
    const one = { ...lamp, title: 'one', price: 1 }
    const two = { ...lamp, title: 'two', price: 2 }
    const done = Promise.all([t.a.set('x', one), t.b.set('x', two)])
    await t.cluster.settle()
    await done
    expect([one, two]).toContainEqual(t.a.peek('x'))
    expect(t.b.peek('x')).toEqual(t.a.peek('x'))
  })
})

describe('create()', () => {
  it('writes only when the document does not exist', async () => {
    await using t = open()
    const done = Promise.all([t.a.create('x', lamp), t.b.create('x', { ...lamp, title: 'Other' })])
    await t.cluster.settle()
    const [one, two] = await done
    expect([one.created, two.created].sort()).toEqual([false, true])
    expect(one.entry.value).toEqual(two.entry.value)
  })

  it('uses the value as it was at the call', async () => {
    await using t = open()
    const mine = structuredClone(lamp)
    const writing = t.a.create('x', mine)
    mine.size.width = 99
    await writing
    expect((await t.a.get('x'))?.size.width).toBe(1)
  })
})

describe('update()', () => {
  it('counts every increment when two instances make 1,000 each', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, price: 0 })
    await t.b.get('x')
    const up = (d: Product): void => {
      d.price++
    }
    const all = Array.from({ length: 1_000 }, () => [t.a.update('x', up), t.b.update('x', up)]).flat()
    const done = Promise.all(all)
    await t.cluster.settle()
    await done
    expect(t.a.peek('x')?.price).toBe(2_000)
    expect(t.b.peek('x')?.price).toBe(2_000)
  })

  it('counts every increment when each is awaited before the next', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, price: 0 })
    const count = async (c: typeof t.a): Promise<void> => {
      for (let i = 0; i < 200; i++) await c.update('x', (d) => void d.price++)
    }
    const done = Promise.all([count(t.a), count(t.b)])
    for (let i = 0; i < 2_000 && t.a.peek('x')?.price !== 400; i++) await t.cluster.clock.advance(100)
    await done
    expect(t.a.peek('x')?.price).toBe(400)
  })

  it('keeps nested edits of one field by two instances', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.b.get('x')
    const done = Promise.all([
      t.a.update('x', (d) => {
        d.size.width = 7
      }),
      t.b.update('x', (d) => void d.size.parts.unshift(0)),
    ])
    await t.cluster.settle()
    await done
    expect(t.a.peek('x')?.size).toEqual({ width: 7, parts: [0, 1, 2, 3] })
    expect(t.b.peek('x')?.size).toEqual({ width: 7, parts: [0, 1, 2, 3] })
  })

  it('rejects when the document is absent or was deleted concurrently', async () => {
    await using t = open()
    await expect(t.a.update('x', () => {})).rejects.toBeInstanceOf(NotFoundError)
    await t.a.create('x', lamp)
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.delete('x')
    await expect(t.b.update('x', (d) => void d.price++)).rejects.toMatchObject({
      code: 'SYNC_NOT_FOUND',
      address: { key: 'x' },
    })
    expect(await t.a.get('x')).toBeUndefined()
  })

  it('writes once when an idempotency key is repeated', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const add = (d: Product): void => void d.price++
    await t.a.update('x', add, { idempotencyKey: 'job-1' })
    expect(await t.b.update('x', add, { idempotencyKey: 'job-1' })).toMatchObject({ version: 2 })
    expect((await t.b.get('x'))?.price).toBe(5)
  })

  it('combines waiting writes and rejects only the recipe that throws', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, price: 0 })
    const outcomes = Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        t.a.update('x', (d) => {
          if (i === 7) throw new Error('seven')
          d.price++
        }),
      ),
    )
    await t.cluster.settle()
    const refused = (await outcomes).filter((each) => each.status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ reason: { code: 'SYNC_REJECTED', cause: { message: 'seven' } } })
    expect(t.a.peek('x')?.price).toBe(19)
    expect((await t.a.getEntry('x'))?.version).toBeLessThan(8)
  })
})

describe('compareAndSet()', () => {
  it('succeeds at the expected field version and otherwise returns the current one', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    expect(await t.a.compareAndSet('x', 'price', 5, { expectedVersion: 1 })).toEqual({ ok: true, fieldVersion: 2 })
    expect(await t.b.compareAndSet('x', 'price', 6, { expectedVersion: 1 })).toEqual({
      ok: false,
      fieldVersion: 2,
      value: 5,
    })
    expect(await t.b.compareAndSet('x', 'note', 'n', { expectedVersion: 0 })).toEqual({ ok: true, fieldVersion: 1 })
    expect(await t.b.compareAndSet('none', 'price', 1, { expectedVersion: 3 })).toEqual({
      ok: false,
      fieldVersion: 0,
      value: undefined,
    })
  })

  it('continues the version of a removed field when the field is added again', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, note: 'one' })
    await t.a.unset('x', ['note'])
    expect(await t.a.compareAndSet('x', 'note', 'two', { expectedVersion: 0 })).toMatchObject({
      ok: false,
      fieldVersion: 2,
    })
    await t.a.assign('x', { note: 'three' })
    expect(await t.b.compareAndSet('x', 'note', 'four', { expectedVersion: 1 })).toEqual({
      ok: false,
      fieldVersion: 3,
      value: 'three',
    })
  })

  it('conflicts on a document that was created again', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.delete('x')
    await t.a.create('x', { ...lamp, price: 99 })
    expect(await t.b.compareAndSet('x', 'price', 1, { expectedVersion: 1 })).toEqual({
      ok: false,
      fieldVersion: 1,
      value: 99,
    })
  })
})

describe('unset()', () => {
  it('removes fields and never creates a document', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, note: 'n' })
    expect(await t.a.unset('x', ['note'])).toMatchObject({ changed: true })
    expect(await t.a.unset('x', ['note'])).toMatchObject({ changed: false })
    expect(await t.b.get('x')).toEqual(lamp)
    await expect(t.a.unset('y', ['note'])).rejects.toBeInstanceOf(NotFoundError)
    expect(await t.b.get('y')).toBeUndefined()
  })
})

describe('delete()', () => {
  it('returns whether the document existed', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    expect(await t.b.delete('x')).toBe(true)
    expect(await t.b.delete('x')).toBe(false)
    await t.cluster.settle()
    expect(t.a.peek('x')).toBeUndefined()
    expect(await t.a.get('x')).toBeUndefined()
  })
})

describe('get()', () => {
  it('rejects an empty key, as assign() does', async () => {
    await using t = open()
    await expect(t.a.get('')).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    await expect(t.a.assign('', { price: 1 })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('defineCollection({ merge })', () => {
  it('adds both amounts when the second write has not received the first', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, stock: 10 })
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.assign('x', { stock: 11 })
    const second = t.b.assign('x', { stock: 13 })
    await t.cluster.settle()
    t.cluster.bus.resume()
    await t.cluster.settle()
    await second
    expect(t.b.peek('x')).toMatchObject({ stock: 14 })
    expect(t.a.peek('x')).toEqual(t.b.peek('x'))
  })

  it('merges a field when two instances assign it at once', async () => {
    await using t = open()
    await t.a.create('x', { ...lamp, tags: [{ id: 'a' }, { id: 'b' }] })
    await t.b.get('x')
    // the second write is built without the change of the first
    t.cluster.bus.pause()
    const done = Promise.all([
      t.a.assign('x', { stock: 11, tags: [{ id: 'a' }], best: 5 }),
      t.b.assign('x', { stock: 13, tags: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], best: 3 }),
    ])
    await done
    t.cluster.bus.resume()
    await t.cluster.settle()
    expect(t.b.peek('x')).toMatchObject({ stock: 14, tags: [{ id: 'a' }, { id: 'c' }], best: 5 })
    expect(t.a.peek('x')).toEqual(t.b.peek('x'))
  })

  it('rejects the write when the strategy throws', async () => {
    const definition = defineCollection<{ n: number }>({
      section: 'guarded',
      ttl: 'never',
      merge: {
        n: () => {
          throw new Error('not together')
        },
      },
    })
    await using t = open(definition)
    await t.a.create('x', { n: 0 })
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.assign('x', { n: 1 })
    await expect(t.b.assign('x', { n: 2 })).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      issues: [{ message: 'not together' }],
    })
    expect((await t.a.getEntry('x'))?.version).toBe(2)
  })
})

describe('defineCollection({ schema })', () => {
  it('rejects an invalid document and a schema that transforms it', async () => {
    const schema = z.object({ n: z.number().max(10), t: z.string().optional() })
    await using t = open(defineCollection({ schema, section: 'checked', ttl: 'never' }))
    await expect(t.a.assign('x', { t: 'no number' })).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      issues: [{ path: '/n' }],
    })
    await t.a.assign('x', { n: 1 })
    await expect(
      t.b.update('x', (d) => {
        d.n = 11
      }),
    ).rejects.toBeInstanceOf(RejectedError)
    const trimmed = z.object({ s: z.string().trim() })
    const other = t.instances[0]?.collection(defineCollection({ schema: trimmed, section: 'trimmed', ttl: 'never' }), {
      partition: 'eu',
    })
    await expect(other?.assign('x', { s: ' a ' })).rejects.toThrow(/transform/)
  })
})
