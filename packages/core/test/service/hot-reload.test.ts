import { type CollectionDefinition, type CollectionOptions, defineCollection, max, sum } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

interface Doc {
  n: number
  s?: string
}

const define = (options: Partial<CollectionOptions<Doc>> = {}): CollectionDefinition<Doc> =>
  defineCollection<Doc>({ section: 'doc', ttl: '1h', ...options })

/** Opens a section with one definition, then with another that a hot reload evaluated. */
function reload(before: CollectionDefinition<Doc>, after: CollectionDefinition<Doc>) {
  const cluster = createTestCluster({ instances: 2 })
  const [a, b] = cluster.instances
  const first = a?.collection(before, { partition: 'p' })
  const other = b?.collection(before, { partition: 'p' })
  if (!a || !first || !other) throw new Error('expected two instances')
  return {
    cluster,
    first,
    other,
    again: () => a.collection(after, { partition: 'p' }),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  }
}

describe('collection() with a definition that was evaluated again', () => {
  it('returns the same collection when the options are equal', async () => {
    const options = { merge: { n: sum }, batch: { maxWait: 5, fields: ['n'] }, cache: { maxDocuments: 9 } } as const
    await using t = reload(define(options), define(options))
    expect(t.again()).toBe(t.first)
  })

  it('uses the newest onConflict, for earlier collections too', async () => {
    const calls: string[] = []
    await using t = reload(
      define({ onConflict: () => void calls.push('before') }),
      define({ onConflict: () => void calls.push('after') }),
    )
    await t.first.create('x', { n: 0 })
    await Promise.all([t.first.get('x'), t.other.get('x')])
    t.again()
    t.cluster.bus.pause()
    await t.other.assign('x', { n: 5 })
    await t.first.update('x', (draft) => void draft.n++)
    expect(calls).toEqual(['after'])
    expect(await t.first.get('x')).toEqual({ n: 6 })
  })

  it('uses the newest merge strategy, source and migration', async () => {
    const named = (local: (n: number) => number) =>
      define({
        merge: { n: ({ remote }) => local(remote) },
        source: async (key) => (key === 'none' ? undefined : { n: local(0) }),
        migrate: (stored) => ({ n: stored['n'] as number, s: `${local(0)}` }),
      })
    await using t = reload(
      named(() => 1),
      named(() => 2),
    )
    expect(await t.first.get('x')).toEqual({ n: 1, s: '1' })
    expect(t.again()).toBe(t.first)
    expect(await t.first.get('x')).toEqual({ n: 1, s: '2' })
    expect(await t.first.get('y')).toEqual({ n: 2, s: '2' })
    await t.other.get('x')
    t.cluster.bus.pause()
    await t.other.assign('x', { n: 9 })
    await t.first.assign('x', { n: 7 })
    expect((await t.first.get('x'))?.n).toBe(2)
  })

  it('uses the newest schema', async () => {
    const schema = (top: number) =>
      defineCollection({ section: 'doc', ttl: '1h', schema: z.object({ n: z.number().max(top) }) })
    await using t = reload(schema(5) as CollectionDefinition<Doc>, schema(50) as CollectionDefinition<Doc>)
    await expect(t.first.assign('x', { n: 9 })).rejects.toMatchObject({ code: 'SYNC_REJECTED' })
    t.again()
    await t.first.assign('x', { n: 9 })
  })

  it.each([
    ['ttl', { ttl: '2h' }],
    ['ttl', { ttl: { after: '1h', sliding: true } }],
    ['merge', { merge: { n: max } }],
    ['replicate', { replicate: 'all' }],
    ['subscribeBy', { subscribeBy: 'document' }],
    ['batch', { batch: { maxWait: 5 } }],
    ['cache', { cache: { maxDocuments: 3 } }],
    ['onConflict', { onConflict: () => {} }],
    ['migrate', { migrate: () => ({ n: 1 }) }],
    ['source', { source: async () => undefined }],
  ] as [string, Partial<CollectionOptions<Doc>>][])(
    'rejects another %s with SYNC_ARGUMENT (%j)',
    async (name, options) => {
      await using t = reload(define({ merge: { n: sum } }), define({ merge: { n: sum }, ...options }))
      expect(() => t.again()).toThrow(
        `p/doc: definition: expected the options that the section was opened with, got another ${name}; restart to change it`,
      )
    },
  )
})
