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
import { expect, test } from 'vitest'

interface Doc {
  n: number
}

const define = (options: Partial<CollectionOptions<Doc>> = {}): CollectionDefinition<Doc> =>
  defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options })

/** Two services with a definition each, and the mismatches that each was told of. */
async function services(a: CollectionDefinition<Doc>, b: CollectionDefinition<Doc>) {
  const cluster = createTestCluster({ instances: 2 })
  const told: Extract<SyncEvent, { type: 'definition-mismatch' }>[][] = [[], []]
  const collections = cluster.instances.map((each, at) => {
    each.onEvent((event) => {
      if (event.type === 'definition-mismatch') told[at]?.push(event)
    })
    return each.collection(at === 0 ? a : b, { partition: 'p' })
  }) as [Collection<Doc>, Collection<Doc>]
  return { cluster, collections, told }
}

test('services that define a section alike hear nothing of it', async () => {
  const { cluster, collections, told } = await services(
    define({ merge: { n: sum } }),
    define({ merge: { n: sum }, replicate: 'all' }),
  )
  await using _ = cluster
  const [a, b] = collections
  await a.create('k', { n: 1 })
  await b.assign('k', { n: 2 })
  expect(told).toEqual([[], []])
})

test.each([
  ['time to live', { ttl: '1h' }],
  ['strategies', { merge: { n: max } }],
  ['own strategy', { merge: { n: ({ local }: { local: number }) => local } }],
] as const)('another %s is told, once, to each who meets it', async (_name, other) => {
  const { cluster, collections, told } = await services(define({ merge: { n: sum } }), define(other))
  await using _ = cluster
  const [a, b] = collections
  await a.create('k', { n: 1 })
  await b.get('k')
  expect(told[1]).toMatchObject([{ section: 'doc', theirs: { subscribeBy: 'section' } }])
  await b.assign('k', { n: 2 })
  await a.assign('k', { n: 3 })
  await b.assign('k', { n: 4 })
  await a.assign('k', { n: 5 })
  expect(told[0]).toHaveLength(1)
  expect(told[1]).toHaveLength(1)
  expect(told[0]?.[0]?.ours).toEqual(told[1]?.[0]?.theirs)
  expect(told[0]?.[0]?.theirs).toEqual(told[1]?.[0]?.ours)
})

test('a writer that would send where nobody listens is refused, and reads on', async () => {
  const { cluster, collections, told } = await services(define(), define({ subscribeBy: 'document' }))
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
  expect(told[1]).toMatchObject([{ ours: { subscribeBy: 'document' }, theirs: { subscribeBy: 'section' } }])
  await a.assign('k', { n: 3 })
  await cluster.clock.advance(20_000)
  expect(b.peek('k')).toEqual({ n: 3 })
})

test('strategies are compared by field and name, whatever their order', () => {
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
