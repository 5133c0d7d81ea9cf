import { type Collection, defineCollection, type ImportedRow } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { expect, test } from 'vitest'

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

async function all(rows: AsyncIterable<ImportedRow>): Promise<ImportedRow[]> {
  const answers: ImportedRow[] = []
  for await (const row of rows) answers.push(row)
  return answers
}

test('a hundred thousand documents are imported, each with its answer', { timeout: 60_000 }, async () => {
  const t = open()
  await using _ = t.cluster
  const rows = function* (): Generator<[string, Doc]> {
    for (let n = 0; n < 100_000; n++) yield [`k${n}`, { n }]
  }
  const seen = new Set<string>()
  for await (const { key, error } of t.docs.importMany(rows())) {
    expect(error).toBe(undefined)
    seen.add(key)
  }
  expect(seen.size).toBe(100_000)
  expect(t.cluster.store.inspect({ partition: 'p', section: 'doc' })?.documents.size).toBe(100_000)
})

test('a row that fails has its error, and the others are written', async () => {
  const t = open()
  await using _ = t.cluster
  const rows = [
    ['a', { n: 1 }],
    ['', { n: 2 }],
    ['b', { n: Number.NaN }],
    ['c', { n: 3 }],
  ] as const
  const answers = new Map((await all(t.docs.importMany(rows))).map(({ key, error }) => [key, error?.code]))
  expect(answers).toEqual(
    new Map([
      ['a', undefined],
      ['', 'SYNC_ARGUMENT'],
      ['b', 'SYNC_NOT_JSON'],
      ['c', undefined],
    ]),
  )
  expect((await t.docs.getMany(['a', 'b', 'c'])).size).toBe(2)
})

test('it reads no further ahead than its answers are taken', async () => {
  const t = open()
  await using _ = t.cluster
  let read = 0
  const rows = function* (): Generator<[string, Doc]> {
    for (;;) yield [`k${read++}`, { n: 1 }]
  }
  const answers = t.docs.importMany(rows())[Symbol.asyncIterator]()
  expect(read).toBe(0)
  for (let n = 0; n < 10; n++) await answers.next()
  expect(read).toBeLessThanOrEqual(2_000)
  await answers.return?.()
})

test('an import keeps to the number of writes that may be under way', async () => {
  const t = open({ maxPendingWrites: 3 })
  await using _ = t.cluster
  const rows = Array.from({ length: 20 }, (_, n) => [`k${n}`, { n }] as const)
  expect((await all(t.docs.importMany(rows))).filter(({ error }) => error)).toEqual([])
})

test('fields that a row does not name stay as they are', async () => {
  const t = open()
  await using _ = t.cluster
  await t.docs.assign('a', { n: 1, note: 'x' })
  await all(t.docs.importMany([['a', { n: 2 }]]))
  expect(await t.docs.get('a')).toEqual({ n: 2, note: 'x' })
})

test('what is no row, and an abort, end it with an error', async () => {
  const t = open()
  await using _ = t.cluster
  await expect(all(t.docs.importMany([['a']] as never))).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  const stop = new AbortController()
  stop.abort()
  await expect(all(t.docs.importMany([['a', { n: 1 }]], { signal: stop.signal }))).rejects.toMatchObject({
    code: 'SYNC_ABORTED',
  })
})

test('a row is answered while the next one is waited for, and an abort does not wait for it', async () => {
  const t = open()
  await using _ = t.cluster
  let go = (): void => {}
  async function* rows(): AsyncGenerator<readonly [string, Doc]> {
    for (const key of ['x', 'y', 'z']) {
      yield [key, { n: 1 }]
      await new Promise<void>((resolve) => {
        go = resolve
      })
    }
  }
  const stop = new AbortController()
  const importing = t.docs.importMany(rows(), { signal: stop.signal })[Symbol.asyncIterator]()
  for (const key of ['x', 'y']) {
    expect(await importing.next()).toEqual({ done: false, value: { key } })
    go()
  }
  expect(await importing.next()).toMatchObject({ value: { key: 'z' } })
  const last = importing.next()
  stop.abort()
  await expect(last).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
})
