import { defineCollection } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

const notes = defineCollection<{ text: string }>({ section: 'note', ttl: 'never' })

describe('stats()', () => {
  it('counts published and received UTF-8 bytes when a document has characters of several bytes', async () => {
    await using cluster = createTestCluster({ instances: 2 })
    const [a, b] = cluster.instances
    const [writer, reader] = [a, b].map((instance) => instance?.collection(notes))
    await reader?.ready()
    await writer?.create('k', { text: '€'.repeat(1_000) })
    await cluster.settle()
    expect(a?.stats().publishedBytes).toBeGreaterThan(3_000)
    expect(b?.stats().receivedBytes).toBeGreaterThan(3_000)
  })
})
