import type { ImportedRow } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { plant, units } from './units.ts'

const ref = { partition: 'eu', section: 'unit' }

describe('assign()', () => {
  it('writes one field and keeps the others', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.assign('unit-001', { demand: 450.5 })
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 450.5 })
  })
})

describe('create()', () => {
  it('shows the document on its own instance as soon as it resolves', async () => {
    await using t = units()
    await t.a.get('unit-001')
    await t.a.create('unit-001', plant)
    expect(t.a.peek('unit-001')).toEqual(plant)
  })
})

describe('assign()', () => {
  it('keeps the order of writes to one key, and delays no other key', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.create('unit-002', plant)
    const done: string[] = []
    const slow = Array.from({ length: 20 }, (_, n) =>
      t.a.assign('unit-001', { demand: n }, { meta: { n: `${n}` } }).then(() => done.push(`1:${n}`)),
    )
    await t.a.assign('unit-002', { demand: 1 }).then(() => done.push('2'))
    await Promise.all(slow)
    expect(done.filter((each) => each !== '2')).toEqual(Array.from({ length: 20 }, (_, n) => `1:${n}`))
    expect(done.indexOf('2')).toBeLessThan(10)
  })
})

describe('compareAndSet()', () => {
  it('writes a field at the expected version, and otherwise returns the current state', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    expect(await t.a.compareAndSet('unit-001', 'demand', 390, { expectedVersion: 1 })).toEqual({
      ok: true,
      fieldVersion: 2,
    })
    expect(await t.b.compareAndSet('unit-001', 'demand', 400, { expectedVersion: 1 })).toEqual({
      ok: false,
      fieldVersion: 2,
      value: 390,
    })
    // a later version fails like an earlier one
    expect(await t.b.compareAndSet('unit-001', 'demand', 400, { expectedVersion: 3 })).toMatchObject({ ok: false })
  })

  it('succeeds for one caller when many use the same version', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const tries = [t.a, t.b, t.a, t.b].map((each, n) =>
      each.compareAndSet('unit-001', 'demand', n, { expectedVersion: 1 }),
    )
    expect((await Promise.all(tries)).filter(({ ok }) => ok)).toHaveLength(1)
  })
})

describe('whenUnavailable', () => {
  it('queues writes while the store is unavailable, and replicas show only committed data', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.get('unit-001')
    t.cluster.store.makeUnavailable()
    const waiting = [t.a.assign('unit-001', { demand: 1 }), t.a.assign('unit-001', { demand: 2 })]
    await t.cluster.clock.advance(60_000)
    expect(t.a.peek('unit-001')).toEqual(plant)
    t.cluster.store.makeAvailable()
    await t.cluster.settle()
    await Promise.all(waiting)
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 2 })
  })

  it('rejects a write before it is sent when set to reject', async () => {
    await using t = units({}, { whenUnavailable: 'reject' })
    t.cluster.store.makeUnavailable()
    const first = expect(t.a.assign('unit-001', { demand: 1 })).rejects.toMatchObject({ retryable: true })
    await t.cluster.clock.advance(1_000)
    await first
    await expect(t.a.assign('unit-001', { demand: 2 })).rejects.toMatchObject({
      code: 'SYNC_STORE_UNAVAILABLE',
      committed: 'no',
    })
  })
})

describe('update()', () => {
  it('counts once when its reply is lost', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    t.cluster.store.loseReplies(1)
    const adding = t.a.update('unit-001', (unit) => void unit.demand++)
    await t.cluster.settle()
    await adding
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 381 })
  })
})

describe('idempotencyKey', () => {
  it('applies a message once when it is handled again', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    for (const each of [t.a, t.b])
      await each.update('unit-001', (unit) => void unit.demand++, { idempotencyKey: 'message-17' })
    expect(await t.a.get('unit-001')).toEqual({ ...plant, demand: 381 })
  })
})

describe('batch', () => {
  it('combines writes of high-rate fields before they are sent', async () => {
    await using t = units({ batch: { maxWait: 100, fields: ['demand'] } })
    await t.a.create('unit-001', plant)
    const ticks: Promise<unknown>[] = []
    for (let n = 0; n < 50; n++) {
      ticks.push(t.a.assign('unit-001', { demand: n }))
      await t.cluster.clock.advance(1)
    }
    await t.cluster.clock.advance(100)
    await Promise.all(ticks)
    expect(t.cluster.store.inspect(ref)?.changes).toHaveLength(2)
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 49 })
  })
})

describe('importMany()', () => {
  it('imports a table and continues after an invalid row', async () => {
    await using t = units()
    const rows = Array.from({ length: 1_000 }, (_, n) => [`unit-${n}`, { ...plant, demand: n }] as const)
    const failed: string[] = []
    const onRow = ({ key, error }: ImportedRow): void => {
      if (error) failed.push(key)
    }
    await t.a.importMany([...rows, ['', plant]], { onRow })
    expect(failed).toEqual([''])
    expect(t.cluster.store.inspect(ref)?.documents.size).toBe(1_000)
  })
})

describe('meta', () => {
  it('travels with the change to watchers', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const meta: unknown[] = []
    t.b.subscribe('unit-001', (change) => meta.push(change.meta))
    await t.b.get('unit-001')
    await t.a.assign('unit-001', { demand: 390 }, { meta: { actor: 'scheduler' } })
    await t.cluster.settle()
    expect(meta).toEqual([{ actor: 'scheduler' }])
  })
})

describe('delete()', () => {
  it('removes a document on every instance', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    expect([await t.a.delete('unit-001'), await t.a.delete('unit-001')]).toEqual([true, false])
    await t.cluster.settle()
    expect(t.b.peek('unit-001')).toBe(undefined)
  })
})

describe('flush()', () => {
  it('waits for writes in progress, and removes nothing', async () => {
    await using t = units()
    await t.b.get('unit-001')
    const writing = t.a.create('unit-001', plant)
    await t.instances[0]?.flush()
    await writing
    await t.cluster.clock.advance(1)
    expect(t.b.peek('unit-001')).toEqual(plant)
  })
})
