import { type Collection, type CollectionOptions, defineCollection } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { openTestSetup } from '../replica/test-setup.ts'
import { open } from './open.ts'

interface Doc {
  n: number
  text?: string
}
const define = (options: Partial<CollectionOptions<Doc>> = {}) =>
  open(defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options }))

const versions = (docs: Collection<Doc>, key: string): number[] => docs.recentChanges(key).map(({ version }) => version)

describe('recentChanges()', () => {
  it.each(['section', 'document'] as const)(
    'returns the last changes of a document in commit order when subscribed by %s',
    async (subscribeBy) => {
      await using t = define({ subscribeBy })
      await t.a.create('x', { n: 1 })
      await Promise.all([t.a.get('x'), t.b.get('x')])
      await t.a.create('other', { n: 1 })
      await t.a.assign('x', { n: 2 }, { meta: { actor: 'me' } })
      await t.b.assign('x', { n: 3 })
      await t.a.delete('x')
      await t.cluster.settle()
      const last = [
        { kind: 'delta', key: 'x', version: 2, fields: ['n'], meta: { actor: 'me' }, commits: 1 },
        { kind: 'delta', key: 'x', version: 3, fields: ['n'] },
        { kind: 'removed', key: 'x', version: 4, reason: 'deleted' },
      ]
      expect(t.b.recentChanges('x').slice(-3)).toMatchObject(last)
      expect(t.a.recentChanges('x').slice(-3)).toMatchObject(last)
      expect(t.b.recentChanges('none')).toEqual([])
    },
  )

  it('returns each change once and in order when messages are lost, repeated and reordered', async () => {
    await using t = define({ replicate: 'all' })
    await t.a.create('x', { n: 0 })
    await t.b.ready()
    t.cluster.bus.setFaultRates({ drop: 0.3, repeat: 0.3, reorder: 0.3 })
    for (let n = 1; n < 50; n++) await t.a.assign('x', { n })
    await t.cluster.settle()
    expect(versions(t.b, 'x')).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
  })

  it('returns at most recentChangesChars characters and nothing older than an hour', async () => {
    await using t = define({ cache: { recentChangesChars: 2_000 } })
    await t.a.create('x', { n: 0 })
    for (let n = 1; n < 30; n++) await t.a.assign('x', { n, text: 'x'.repeat(100) })
    const kept = versions(t.a, 'x')
    expect(kept.length).toBeGreaterThan(5)
    expect(kept.length).toBeLessThan(20)
    expect(kept.at(-1)).toBe(30)
    await t.a.assign('x', { text: 'x'.repeat(5_000) })
    expect(versions(t.a, 'x').at(-1)).toBe(30)
    await t.cluster.clock.advance(3_700_000)
    expect(versions(t.a, 'x')).toEqual([])
  })

  it('returns nothing when recentChangesChars is 0', async () => {
    await using t = define({ cache: { recentChangesChars: 0 } })
    await t.a.create('x', { n: 0 })
    expect(t.a.recentChanges('x')).toEqual([])
  })

  it('leaves out changes that the store lost', async () => {
    await using t = define({ replicate: 'all' })
    await t.a.create('x', { n: 0 })
    await t.a.assign('x', { n: 1 })
    await t.a.assign('x', { n: 2 })
    await t.cluster.settle()
    t.cluster.store.loseTail(1)
    await t.a.assign('x', { text: 'after' })
    await t.cluster.settle()
    for (const each of [t.a, t.b]) expect(versions(each, 'x')).toEqual([1, 2, 3])
    expect(t.b.recentChanges('x').at(-1)).toMatchObject({ fields: ['text'] })
  })

  it('returns each change once when more changes arrive than can wait for a gap repair', async () => {
    const many = 10_001
    await using t = openTestSetup({ maxChanges: 2 * many, maxUndoCommits: 0 }, { cache: { recentChangesChars: 1e9 } })
    await t.local.ready()
    t.requests.holdNext('changesSince')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('y', { n: 0 })
    t.hub.bus.setFaultRates({})
    await t.remote.assign('x', { n: 1 })
    for (let n = 1; n < many; n++) await t.remote.assign('y', { n })
    await t.clock.advance(10)
    t.requests.release()
    await t.clock.advance(10)
    expect(t.local.recentChanges('x')).toHaveLength(1)
    expect(t.local.recentChanges('y')).toHaveLength(many)
  })
})
