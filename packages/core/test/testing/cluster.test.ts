import { defineCollection, type SyncInstance } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

const counters = defineCollection<{ n: number }>({ section: 'counter', ttl: 'never' })

function openCounters() {
  const cluster = createTestCluster({ instances: 3 })
  const [writer, reader, other] = cluster.instances as [SyncInstance, SyncInstance, SyncInstance]
  const [a, b, c] = [writer, reader, other].map((each) => each.collection(counters, { partition: 'p' }))
  if (!a || !b || !c) throw new Error('expected three collections')
  return { cluster, reader, a, b, c, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
}

describe('cluster.bus.drop({ to })', () => {
  it('loses the message of this instance only, until it is repaired', async () => {
    await using t = openCounters()
    await t.a.create('x', { n: 0 })
    await Promise.all([t.b.get('x'), t.c.get('x')])
    t.cluster.bus.drop(1, { to: t.reader })
    const { position } = await t.a.assign('x', { n: 1 })
    await t.c.get('x', { after: position })
    expect([t.b.peek('x'), t.c.peek('x')]).toEqual([{ n: 0 }, { n: 1 }])
    await t.cluster.settle()
    expect(t.b.peek('x')).toEqual({ n: 1 })
  })

  it('rejects an instance of another cluster with SYNC_ARGUMENT', async () => {
    await using t = openCounters()
    await using other = createTestCluster({ instances: 1 })
    for (const to of [other.instances[0], undefined])
      expect(() => t.cluster.bus.drop(1, { to })).toThrow(/^to: expected an instance/)
    for (const fault of ['repeat', 'reorder'] as const)
      expect(() => t.cluster.bus[fault](1, { to: other.instances[0] as SyncInstance })).toThrow(
        /^to: expected an instance/,
      )
  })
})

describe('cluster.bus.repeat({ to })', () => {
  it('repeats the messages to this instance only', async () => {
    await using t = openCounters()
    await t.a.create('x', { n: 0 })
    await Promise.all([t.b.get('x'), t.c.get('x')])
    t.cluster.bus.repeat(1, { to: t.reader })
    await t.a.assign('x', { n: 1 })
    await t.cluster.settle()
    expect(t.cluster.instances.map((each) => each.stats().duplicates)).toEqual([0, 1, 0])
  })
})

describe('cluster.runUntil()', () => {
  it('advances the clock until a call that waits has settled', async () => {
    await using t = openCounters()
    t.cluster.store.makeUnavailable()
    await expect(t.cluster.runUntil(t.a.get('x', { timeout: '3s' }))).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
    expect(t.cluster.clock.elapsed()).toBe(3_000)
    t.cluster.store.makeAvailable()
    expect(await t.cluster.runUntil(t.a.create('x', { n: 0 }))).toMatchObject({ created: true })
  })

  it('rejects when the promise stays pending', async () => {
    await using t = openCounters()
    await expect(t.cluster.runUntil(new Promise(() => {}))).rejects.toThrow(
      'expected the promise to settle within 120 s of virtual time (seed 1)',
    )
  })
})
