import { type Collection, defineCollection, type ImportedRow } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

interface Doc {
  n: number
  note?: string
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

function open(options?: Parameters<typeof createTestCluster>[0]) {
  const cluster = createTestCluster({ instances: 1, ...options })
  const [sync] = cluster.instances
  return { cluster, docs: sync?.collection(docs, { partition: 'p' }) as Collection<Doc> }
}

describe('importMany()', () => {
  it('writes a hundred thousand documents and reports each of them', { timeout: 60_000 }, async () => {
    const t = open()
    await using _ = t.cluster
    const rows = function* (): Generator<[string, Doc]> {
      for (let n = 0; n < 100_000; n++) yield [`k${n}`, { n }]
    }
    const reported = new Set<string>()
    const onRow = ({ key }: ImportedRow): void => void reported.add(key)
    expect(await t.docs.importMany(rows(), { onRow })).toEqual({ imported: 100_000, failed: 0 })
    expect(reported.size).toBe(100_000)
    expect(t.cluster.store.inspect({ partition: 'p', section: 'doc' })?.documents.size).toBe(100_000)
  })

  it('starts before its promise is awaited', async () => {
    const t = open()
    await using _ = t.cluster
    void t.docs.importMany([['a', { n: 1 }]])
    await t.cluster.settle()
    expect(t.cluster.store.inspect({ partition: 'p', section: 'doc' })?.documents.size).toBe(1)
  })

  it('reports the error of a row that fails and writes the others', async () => {
    const t = open()
    await using _ = t.cluster
    const rows = [
      ['a', { n: 1 }],
      ['', { n: 2 }],
      ['b', { n: Number.NaN }],
      ['c', { n: 3 }],
    ] as const
    const codes = new Map<string, string | undefined>()
    const onRow = ({ key, error }: ImportedRow): void => void codes.set(key, error?.code)
    expect(await t.docs.importMany(rows, { onRow })).toEqual({ imported: 2, failed: 2 })
    expect(codes).toEqual(
      new Map([
        ['a', undefined],
        ['', 'SYNC_ARGUMENT'],
        ['b', 'SYNC_NOT_JSON'],
        ['c', undefined],
      ]),
    )
    expect((await t.docs.getMany(['a', 'b', 'c'])).size).toBe(2)
  })

  it('reads no further ahead than onRow keeps up', async () => {
    const t = open()
    await using _ = t.cluster
    let read = 0
    const rows = function* (): Generator<[string, Doc]> {
      for (;;) yield [`k${read++}`, { n: 1 }]
    }
    const stop = new AbortController()
    const blocked = Promise.withResolvers<void>()
    const importing = t.docs.importMany(rows(), { signal: stop.signal, onRow: () => blocked.promise })
    await t.cluster.settle()
    expect(read).toBe(1_000)
    stop.abort()
    await expect(importing).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    blocked.resolve()
  })

  it('keeps to the maximum number of pending writes', async () => {
    const t = open({ maxPendingWrites: 3 })
    await using _ = t.cluster
    const rows = Array.from({ length: 20 }, (_, n) => [`k${n}`, { n }] as const)
    expect(await t.docs.importMany(rows)).toEqual({ imported: 20, failed: 0 })
  })

  it('keeps fields that a row does not name', async () => {
    const t = open()
    await using _ = t.cluster
    await t.docs.assign('a', { n: 1, note: 'x' })
    await t.docs.importMany([['a', { n: 2 }]])
    expect(await t.docs.get('a')).toEqual({ n: 2, note: 'x' })
  })

  it('rejects when a row is not a pair, when onRow throws and when it is aborted', async () => {
    const t = open()
    await using _ = t.cluster
    await expect(t.docs.importMany([['a']] as never)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    const failure = new Error('disk full')
    const onRow = async (): Promise<void> => {
      throw failure
    }
    await expect(t.docs.importMany([['a', { n: 1 }]], { onRow })).rejects.toBe(failure)
    await expect(t.docs.importMany([['a', { n: 1 }]], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'SYNC_ABORTED',
    })
  })

  it('rejects with the error of the source of its rows', async () => {
    const t = open()
    await using _ = t.cluster
    const failure = new Error('connection lost')
    async function* rows(): AsyncGenerator<readonly [string, Doc]> {
      yield ['a', { n: 1 }]
      throw failure
    }
    await expect(t.docs.importMany(rows())).rejects.toBe(failure)
  })

  it('reports a row while the next one is awaited, and an abort does not wait for it', async () => {
    const t = open()
    await using _ = t.cluster
    let next = Promise.withResolvers<void>()
    let returned = false
    async function* rows(): AsyncGenerator<readonly [string, Doc]> {
      try {
        for (const key of ['x', 'y', 'z']) {
          yield [key, { n: 1 }]
          await next.promise
          next = Promise.withResolvers()
        }
      } finally {
        returned = true
      }
    }
    const stop = new AbortController()
    const reported: string[] = []
    const onRow = ({ key }: ImportedRow): void => void reported.push(key)
    const importing = t.docs.importMany(rows(), { signal: stop.signal, onRow })
    for (const keys of [['x'], ['x', 'y'], ['x', 'y', 'z']]) {
      await t.cluster.settle()
      expect(reported).toEqual(keys)
      if (keys.length < 3) next.resolve()
    }
    stop.abort()
    await expect(importing).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    expect(returned).toBe(false)
  })
})
