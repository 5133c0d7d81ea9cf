import { type Conflict, defineCollection, lww, type SyncEvent, sum } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { open } from './open.ts'

interface Doc {
  n: number
  s: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never', merge: { s: sum } })

/** Leaves `b` with a replica that is older than a write of `a`. */
async function collide(t: ReturnType<typeof open<Doc>>): Promise<void> {
  await t.a.create('x', { n: 1, s: 1 })
  await t.b.get('x')
  t.cluster.bus.drop(9)
  await t.a.assign('x', { n: 2 })
}

describe('recentConflicts()', () => {
  it('returns each conflict with its reason, fields and versions, and without documents', async () => {
    await using t = open(docs)
    await collide(t)
    const events: SyncEvent[] = []
    t.instances[1]?.onEvent((event) => events.push(event))
    await t.b.update('x', (d) => void Object.assign(d, { n: d.n + 10 }))
    expect(events).toEqual([
      {
        at: expect.any(Number),
        type: 'conflict',
        partition: 'eu',
        section: 'doc',
        key: 'x',
        reason: 'version',
        attempt: 1,
        fields: ['n'],
        baseVersion: 1,
        remoteVersion: 2,
      },
    ])
    expect(t.instances[1]?.recentConflicts()).toEqual(events)
    expect(t.instances[1]?.stats()).toMatchObject({ conflicts: 1, conflictRate: 0.5 })
  })

  it('returns conflicts of compareAndSet() with their field, and of ifVersion', async () => {
    await using t = open(docs)
    await collide(t)
    expect(await t.b.compareAndSet('x', 'n', 5, { expectedVersion: 1 })).toEqual({
      ok: false,
      fieldVersion: 2,
      value: 2,
    })
    expect(t.instances[1]?.recentConflicts()).toMatchObject([{ reason: 'field', field: 'n', remoteVersion: 2 }])
    await expect(t.b.assign('x', { n: 5 }, { ifVersion: 1 })).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
    expect(t.instances[1]?.recentConflicts()).toHaveLength(2)
  })

  it('returns no documents when conflictValues is true, as the events do', async () => {
    await using t = open(docs, { conflictValues: true })
    await collide(t)
    const events: SyncEvent[] = []
    t.instances[1]?.onEvent((event) => events.push(event))
    await t.b.update('x', (d) => void Object.assign(d, { n: d.n + 10 }))
    expect(events).toMatchObject([{ base: { n: 1, s: 1 }, local: { n: 11, s: 1 }, remote: { n: 2, s: 1 } }])
    const [recent] = t.instances[1]?.recentConflicts() ?? []
    expect(Object.keys(recent ?? {})).not.toEqual(expect.arrayContaining(['local']))
    expect(recent).toMatchObject({ fields: ['n'] })
  })

  it('returns the last maxRecentConflicts conflicts', async () => {
    await using t = open(docs, { maxRecentConflicts: 3 })
    await t.a.create('x', { n: 1, s: 1 })
    for (let n = 0; n < 5; n++) await t.a.compareAndSet('x', 'n', n, { expectedVersion: 100 + n })
    expect(t.instances[0]?.recentConflicts()).toHaveLength(3)
    expect(t.instances[0]?.stats().conflicts).toBe(5)
  })
})

describe('defineCollection({ merge })', () => {
  it('writes a field with the strategy lww without a precondition', async () => {
    await using t = open(defineCollection<Doc>({ section: 'doc', ttl: 'never', merge: { n: lww } }))
    await collide(t)
    const written = t.b.assign('x', { n: 3 })
    await t.cluster.settle()
    expect(await written).toMatchObject({ version: 3 })
    expect(t.instances[1]?.recentConflicts()).toEqual([])
    expect(await t.a.get('x')).toMatchObject({ n: 3 })
  })
})

describe('defineCollection({ onConflict })', () => {
  it('rejects the write when the hook throws', async () => {
    const received: Conflict<Doc>[] = []
    const guarded = defineCollection<Doc>({
      section: 'doc',
      ttl: 'never',
      onConflict: (conflict) => {
        received.push(conflict)
        if ((conflict.remote?.n ?? 0) > 1 && (conflict.local?.n ?? 0) < 100) throw new Error('only big ones')
      },
    })
    await using t = open(guarded)
    await collide(t)
    await expect(t.b.update('x', (d) => void Object.assign(d, { n: 50 }))).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      committed: 'no',
      message: expect.stringContaining('onConflict threw: only big ones'),
      address: { section: 'doc', key: 'x' },
    })
    expect(received).toMatchObject([{ base: { n: 1 }, local: { n: 50 }, remote: { n: 2 } }])
    await t.cluster.settle()
    expect(await t.a.get('x')).toEqual({ n: 2, s: 1 })
  })

  it('rejects only the write whose conflict the hook refuses', async () => {
    const guarded = defineCollection<Doc>({
      section: 'doc',
      ttl: 'never',
      onConflict: ({ local }) => {
        if (local?.n === 3) throw new Error('not three')
      },
    })
    await using t = open(guarded)
    await collide(t)
    const outcomes = await Promise.allSettled([
      t.b.update('x', (d) => void Object.assign(d, { n: 3 })),
      t.b.update('x', (d) => void Object.assign(d, { s: 7 })),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    await t.cluster.settle()
    expect(await t.a.get('x')).toEqual({ n: 2, s: 7 })
  })
})

describe('assign({ ifMatch })', () => {
  it('accepts an ETag from another instance and conflicts on any other state', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1, s: 1 })
    const etag = (await t.a.getEntry('x'))?.etag as string
    await t.b.assign('x', { n: 2 }, { ifMatch: JSON.parse(JSON.stringify(etag)) as string })
    await expect(t.b.assign('x', { n: 3 }, { ifMatch: etag })).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
    // the document is deleted and created again, up to the same version
    const old = (await t.b.getEntry('x'))?.etag as string
    await t.b.delete('x')
    await t.b.create('x', { n: 7, s: 1 })
    await t.b.assign('x', { n: 8 })
    expect((await t.b.getEntry('x'))?.version).toBe(2)
    await expect(t.a.assign('x', { n: 9 }, { ifMatch: old })).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
    await expect(t.a.assign('x', { n: 9 }, { ifMatch: 'nonsense' })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })

  it('conflicts when the store lost the commit that the ETag identifies', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1, s: 1 })
    await t.a.assign('x', { n: 2 })
    const etag = (await t.a.getEntry('x'))?.etag as string
    t.cluster.store.loseTail(1)
    await t.b.assign('x', { n: 3 })
    expect((await t.b.getEntry('x'))?.version).toBe(2)
    await expect(t.b.assign('x', { n: 9 }, { ifMatch: etag })).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
  })
})

describe('delete({ ifVersion })', () => {
  it('conflicts when the store lost the cached version', async () => {
    await using t = open(defineCollection<Doc>({ section: 'doc', ttl: 'never', subscribeBy: 'document' }))
    await t.a.create('x', { n: 1, s: 1 })
    await t.b.get('x')
    await t.a.assign('x', { n: 2 })
    await t.cluster.settle()
    t.cluster.store.loseTail(1)
    t.cluster.bus.setFaultRates({ drop: 1 })
    const written = t.a.assign('x', { n: 3 })
    await t.cluster.clock.advance(1)
    // `b` still caches the lost version
    await expect(t.b.delete('x', { ifVersion: 2 })).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
    expect(await written).toMatchObject({ version: 2 })
  })
})

describe('stats()', () => {
  it('counts a write whose ifVersion does not hold as an attempt', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1, s: 1 })
    await expect(t.a.assign('x', { n: 2 }, { ifVersion: 9 })).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
    expect(t.instances[0]?.stats()).toMatchObject({ conflicts: 1, conflictRate: 0.5 })
  })
})
