import {
  type Collection,
  type CollectionDefinition,
  type CollectionOptions,
  DefinitionError,
  defineCollection,
  max,
  type SyncEvent,
  sum,
} from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

interface Doc {
  n: number
}

const define = (options: Partial<CollectionOptions<Doc>> = {}): CollectionDefinition<Doc> =>
  defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options })

/** Opens two services with one definition each, and records the mismatches that each of them reports. */
async function openServices(a: CollectionDefinition<Doc>, b: CollectionDefinition<Doc>) {
  const cluster = createTestCluster({ instances: 2 })
  const mismatches: Extract<SyncEvent, { type: 'definition-mismatch' }>[][] = [[], []]
  const collections = cluster.instances.map((each, at) => {
    each.onEvent((event) => {
      if (event.type === 'definition-mismatch') mismatches[at]?.push(event)
    })
    return each.collection(at === 0 ? a : b, { partition: 'p' })
  }) as [Collection<Doc>, Collection<Doc>]
  return { cluster, collections, mismatches }
}

describe('definition-mismatch event', () => {
  it('is not emitted when the definitions agree', async () => {
    const { cluster, collections, mismatches } = await openServices(
      define({ merge: { n: sum } }),
      define({ merge: { n: sum }, replicate: 'all' }),
    )
    await using _ = cluster
    const [a, b] = collections
    await a.create('k', { n: 1 })
    await b.assign('k', { n: 2 })
    expect(mismatches).toEqual([[], []])
  })

  it.each([
    ['TTL', { ttl: '1h' }],
    ['merge strategy', { merge: { n: max } }],
    ['custom merge strategy', { merge: { n: ({ local }: { local: number }) => local } }],
  ] as const)('is emitted once per instance when the %s differs', async (_name, other) => {
    const { cluster, collections, mismatches } = await openServices(define({ merge: { n: sum } }), define(other))
    await using _ = cluster
    const [a, b] = collections
    await a.create('k', { n: 1 })
    await b.get('k')
    expect(mismatches[1]).toMatchObject([{ section: 'doc', theirs: { subscribeBy: 'section' } }])
    await b.assign('k', { n: 2 })
    await a.assign('k', { n: 3 })
    await b.assign('k', { n: 4 })
    await a.assign('k', { n: 5 })
    expect(mismatches[0]).toHaveLength(1)
    expect(mismatches[1]).toHaveLength(1)
    expect(mismatches[0]?.[0]?.ours).toEqual(mismatches[1]?.[0]?.theirs)
    expect(mismatches[0]?.[0]?.theirs).toEqual(mismatches[1]?.[0]?.ours)
  })
})

describe('assign()', () => {
  it('rejects when the section is subscribed to by another scope, while reads continue', async () => {
    const { cluster, collections, mismatches } = await openServices(define(), define({ subscribeBy: 'document' }))
    await using _ = cluster
    const [a, b] = collections
    await a.create('k', { n: 1 })
    expect(await b.get('k')).toEqual({ n: 1 })
    await expect(b.assign('k', { n: 2 })).rejects.toThrow(DefinitionError)
    await expect(b.assign('k', { n: 2 })).rejects.toMatchObject({
      code: 'SYNC_DEFINITION',
      committed: 'no',
      message: expect.stringContaining("subscribeBy: expected 'section' as the store has it"),
      address: { section: 'doc', key: 'k' },
    })
    expect(mismatches[1]).toMatchObject([{ ours: { subscribeBy: 'document' }, theirs: { subscribeBy: 'section' } }])
    await a.assign('k', { n: 3 })
    await cluster.clock.advance(20_000)
    expect(b.peek('k')).toEqual({ n: 3 })
  })
})

describe('CollectionDefinition.digest', () => {
  it('does not depend on the order of merge strategies', () => {
    interface Two {
      a: number
      b: number
    }
    const one = defineCollection<Two>({ section: 's', ttl: 'never', merge: { a: sum, b: max } })
    const other = defineCollection<Two>({ section: 's', ttl: 'never', merge: { b: max, a: sum } })
    const swapped = defineCollection<Two>({ section: 's', ttl: 'never', merge: { a: max, b: sum } })
    expect(one.digest).toBe(other.digest)
    expect(one.digest).not.toBe(swapped.digest)
  })
})
