import { type Change, defineCollection, type SyncInstance, sum } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

interface Old {
  name: string
  n: number
}
interface New {
  first: string
  last: string
  n: number
}

const old = defineCollection<Old>({ section: 'person', ttl: 'never' })
const define = (migrate: (stored: Readonly<Record<string, unknown>>) => New) =>
  defineCollection<New>({ section: 'person', ttl: 'never', migrate })
const today = define((stored) => {
  if (typeof stored['name'] !== 'string') return stored as unknown as New
  const { name, ...rest } = stored
  const [first = '', last = ''] = (name as string).split(' ')
  return { ...(rest as { n: number }), first, last }
})

function open(definition = today) {
  const cluster = createTestCluster({ instances: 2 })
  const [first, second] = cluster.instances
  if (!first || !second) throw new Error('two instances')
  return {
    cluster,
    before: first.collection(old, { partition: 'p' }),
    after: second.collection(definition, { partition: 'p' }),
  }
}

const ada = { name: 'Ada Lovelace', n: 1 }
const upgraded = { first: 'Ada', last: 'Lovelace', n: 1 }

describe('defineCollection({ migrate })', () => {
  it('upgrades an older document in every read method', async () => {
    const { cluster, before, after } = open()
    await using _ = cluster
    await before.create('x', ada)
    const value = await after.get('x')
    expect(value).toEqual(upgraded)
    expect(after.peek('x')).toBe(value)
    expect((await after.getEntry('x'))?.value).toBe(value)
    expect((await after.getMany(['x'])).get('x')).toBe(value)
    for await (const [key, entry] of after.entries()) expect([key, entry.value]).toEqual(['x', upgraded])
    expect(Object.isFrozen(value)).toBe(true)
    // reading stores nothing
    expect(await before.get('x')).toEqual(ada)
  })

  it.each<[string, (after: ReturnType<typeof open>['after']) => Promise<unknown>, Partial<New>]>([
    ['assign', (after) => after.assign('x', { n: 2 }), { n: 2 }],
    ['update', (after) => after.update('x', (d) => void Object.assign(d, { first: 'Augusta' })), { first: 'Augusta' }],
    ['patch', (after) => after.patch('x', [{ op: 'replace', path: '/last', value: 'King' }]), { last: 'King' }],
    ['compareAndSet', (after) => after.compareAndSet('x', 'n', 3, { expectedVersion: 1 }), { n: 3 }],
  ])('stores the whole upgraded document when %s() writes first', async (_name, write, changed) => {
    const { cluster, before, after } = open()
    await using _ = cluster
    await before.create('x', ada)
    await write(after)
    expect(after.peek('x')).toEqual({ ...upgraded, ...changed })
    await cluster.settle()
    expect(await before.get('x')).toEqual({ ...upgraded, ...changed })
  })

  it('keeps a concurrent write in the old shape', async () => {
    const { cluster, before, after } = open()
    await using _ = cluster
    await before.create('x', ada)
    await after.get('x')
    cluster.bus.drop(9)
    await before.assign('x', { name: 'Grace Hopper' })
    await after.assign('x', { n: 7 })
    expect(after.peek('x')).toEqual({ first: 'Grace', last: 'Hopper', n: 7 })
  })

  it('compares the stored field versions in compareAndSet()', async () => {
    const { cluster, before, after } = open()
    await using _ = cluster
    await before.create('x', ada)
    expect(await after.compareAndSet('x', 'n', 3, { expectedVersion: 7 })).toEqual({
      ok: false,
      fieldVersion: 1,
      value: 1,
    })
  })

  it('emits upgraded documents with patches between them', async () => {
    const { cluster, before, after } = open()
    await using _ = cluster
    await before.create('x', ada)
    await after.get('x')
    const received: Change<New>[] = []
    after.subscribe('x', (change) => received.push(change))
    const stream = after.changes({ key: 'x', from: 'snapshot' })[Symbol.asyncIterator]()
    expect((await stream.next()).value).toMatchObject([{ kind: 'reset', value: upgraded }])
    await before.assign('x', { name: 'Ada King' })
    await cluster.settle()
    const expected = {
      kind: 'changed',
      previous: upgraded,
      value: { ...upgraded, last: 'King' },
      fields: ['last'],
      patch: [{ op: 'replace', path: '/last', value: 'King' }],
    }
    expect(received).toMatchObject([expected])
    expect((await stream.next()).value).toMatchObject([expected])
    await stream.return?.()
  })

  it('rejects reads and writes when the upgrade throws', async () => {
    const { cluster, before, after } = open(
      define(() => {
        throw new Error('what is this?')
      }),
    )
    await using _ = cluster
    await before.create('x', ada)
    await expect(after.get('x')).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      message: expect.stringContaining('migrate threw: what is this?'),
    })
    await expect(after.assign('x', { n: 2 })).rejects.toMatchObject({ code: 'SYNC_REJECTED', committed: 'no' })
    expect(await before.get('x')).toEqual(ada)
  })

  it('merges from the upgraded value when another instance has stored the upgrade', async () => {
    const counted = defineCollection<{ count: number }>({ section: 'stock', ttl: 'never' })
    const stocked = defineCollection<{ stock: number }>({
      section: 'stock',
      ttl: 'never',
      merge: { stock: sum },
      migrate: (stored) => ({ stock: (stored['stock'] ?? stored['count']) as number }),
    })
    await using cluster = createTestCluster({ instances: 3 })
    const [x, y, z] = cluster.instances as [SyncInstance, SyncInstance, SyncInstance]
    const [a, b] = [y.collection(stocked, { partition: 'p' }), z.collection(stocked, { partition: 'p' })]
    await x.collection(counted, { partition: 'p' }).create('x', { count: 5 })
    await Promise.all([a.get('x'), b.get('x')])
    cluster.bus.setFaultRates({ drop: 1 })
    await b.assign('x', { stock: 7 })
    await a.assign('x', { stock: 6 })
    expect(await a.get('x')).toEqual({ stock: 8 })
  })

  it('emits a change of an upgraded field when the old field behind it changes', async () => {
    const { cluster, before, after } = open()
    await using _ = cluster
    await before.create('x', ada)
    await after.get('x')
    const stream = after.changes({ fields: ['first'] })[Symbol.asyncIterator]()
    const next = stream.next()
    await cluster.clock.advance(10)
    await before.assign('x', { n: 2 })
    await before.assign('x', { name: 'Ada King' })
    await before.assign('x', { name: 'Augusta King' })
    expect((await next).value).toMatchObject([{ kind: 'changed', fields: ['first'], value: { first: 'Augusta' } }])
    await stream.return?.()
  })

  it('ends a stream with the error when the upgrade throws', async () => {
    const { cluster, before, after } = open(
      define((stored) => {
        if (stored['n'] === 2) throw new Error('no two')
        return stored as unknown as New
      }),
    )
    await using _ = cluster
    await before.create('x', ada)
    await after.get('x')
    const stream = after.changes()[Symbol.asyncIterator]()
    const next = stream.next()
    await cluster.clock.advance(10)
    await before.assign('x', { n: 2 })
    await expect(next).rejects.toMatchObject({ code: 'SYNC_REJECTED' })
    expect(cluster.instances[1]?.stats().watchers).toBe(0)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })
})
