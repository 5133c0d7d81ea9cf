import { type BatchOptions, type Collection, defineCollection } from '@sync/core'
import { createTestCluster, type TestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

interface Quote {
  price: number
  size: number
  name?: string
}

function open(batch: BatchOptions<Quote>): { cluster: TestCluster; quotes: Collection<Quote> } {
  const cluster = createTestCluster({ instances: 1 })
  const definition = defineCollection<Quote>({ section: 'quote', ttl: 'never', batch })
  const [sync] = cluster.instances
  return { cluster, quotes: sync?.collection(definition, { partition: 'p' }) as Collection<Quote> }
}

const commits = ({ store }: TestCluster): number =>
  store.inspect({ partition: 'p', section: 'quote' })?.state.sequence ?? 0

describe('defineCollection({ batch })', () => {
  it('commits writes to one document together after maxWait', async () => {
    const { cluster, quotes } = open({ maxWait: 20 })
    await using _ = cluster
    const writes: Promise<unknown>[] = []
    for (let n = 0; n < 10; n++) {
      writes.push(quotes.assign('q', { price: n, size: n }))
      await cluster.clock.advance(1)
    }
    expect(commits(cluster)).toBe(0)
    await cluster.clock.advance(20)
    await Promise.all(writes)
    expect(commits(cluster)).toBe(1)
    expect(quotes.peek('q') ?? (await quotes.get('q'))).toEqual({ price: 9, size: 9 })
  })

  it('commits at once when maxWrites writes are waiting', async () => {
    const { cluster, quotes } = open({ maxWait: '1h', maxWrites: 3 })
    await using _ = cluster
    await Promise.all([1, 2, 3].map((price) => quotes.assign('q', { price, size: 1 })))
    expect(commits(cluster)).toBe(1)
  })

  it('commits waiting writes first when a write that cannot be combined arrives', async () => {
    const { cluster, quotes } = open({ maxWait: '1h' })
    await using _ = cluster
    const waiting = quotes.assign('q', { price: 1, size: 1 })
    const { entry } = await quotes.create('q', { price: 5, size: 5 })
    await waiting
    expect(entry.value).toEqual({ price: 1, size: 1 })
    await quotes.delete('q')
  })

  it('delays only writes to the named fields', async () => {
    const { cluster, quotes } = open({ maxWait: '1h', fields: ['price'] })
    await using _ = cluster
    await quotes.assign('q', { price: 1, size: 1 })
    await quotes.update('q', (d) => void d.size++)
    const waiting = quotes.assign('q', { price: 2 })
    await cluster.clock.advance(60_000)
    expect(commits(cluster)).toBe(2)
    await quotes.assign('q', { name: 'n' })
    await waiting
    // the waiting write was committed along with it
    expect(commits(cluster)).toBe(3)
  })

  it('drops a waiting write when its timeout ends', async () => {
    const { cluster, quotes } = open({ maxWait: '1s' })
    await using _ = cluster
    const waiting = quotes.assign('q', { price: 1, size: 1 }, { timeout: 100 })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'SYNC_TIMEOUT', committed: 'no' })
    await cluster.clock.advance(2_000)
    await refused
    expect(commits(cluster)).toBe(0)
    await Promise.all([quotes.assign('q', { price: 2, size: 1 }), cluster.clock.advance(1_000)])
  })
})

describe('flush() and close()', () => {
  it('commits the waiting writes at once', async () => {
    const { cluster, quotes } = open({ maxWait: '1h' })
    await using _ = cluster
    const first = quotes.assign('q', { price: 1, size: 1 })
    await cluster.instances[0]?.flush()
    await first
    const second = quotes.assign('q', { price: 2 })
    await cluster.instances[0]?.close()
    await second
    expect(commits(cluster)).toBe(2)
  })

  it('commits a write at once that queued behind a commit in flight', async () => {
    const { cluster, quotes } = open({ maxWait: '1h' })
    await using _ = cluster
    const [sync] = cluster.instances
    cluster.store.pause()
    const first = quotes.assign('q', { price: 1, size: 1 })
    const flushing = sync?.flush()
    await cluster.clock.advance(1)
    const second = quotes.assign('q', { price: 2, size: 1 })
    const closing = sync?.close()
    cluster.store.resume()
    await cluster.clock.advance(1_000)
    await Promise.all([first, second, flushing, closing])
    expect(commits(cluster)).toBe(2)
  })

  it('resolves without waiting for a write that has timed out', async () => {
    const { cluster, quotes } = open({ maxWait: '1h' })
    await using _ = cluster
    const [sync] = cluster.instances
    cluster.store.pause()
    const first = quotes.assign('q', { price: 1, size: 1 })
    const impatient = quotes.create('q', { price: 2, size: 1 }, { timeout: 20 })
    const flushing = sync?.flush()
    const refused = expect(impatient).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
    await cluster.clock.advance(100)
    await refused
    cluster.store.resume()
    await cluster.clock.advance(100)
    await Promise.all([first, flushing])
  })
})
