import { type Collection, defineCollection, sum, union } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

interface Product {
  sku: string
  title: string
  price: number
  stock: number
  tags: { id: string }[]
}
const products = defineCollection<Product>({
  section: 'product',
  ttl: 'never',
  merge: { stock: sum, tags: union('id') },
})
const start: Product = { sku: 'x', title: 't', price: 1, stock: 10, tags: [] }

describe('assign()', () => {
  it('changes the replica of another instance', async () => {
    await using cluster = createTestCluster({ instances: 2, seed: 7 })
    const [a, b] = cluster.instances.map((each) => each.collection(products, { partition: 'eu' })) as [
      Collection<Product>,
      Collection<Product>,
    ]
    await a.create('x', start)
    expect(await b.get('x')).toEqual(start)
    await a.assign('x', { price: 2 })
    await cluster.settle()
    expect(b.peek('x')).toEqual({ ...start, price: 2 })
  })
})

describe('update()', () => {
  it('counts two concurrent recipes when a message is lost', async () => {
    await using cluster = createTestCluster({ instances: 2, seed: 7 })
    const [a, b] = cluster.instances.map((each) => each.collection(products, { partition: 'eu' })) as [
      Collection<Product>,
      Collection<Product>,
    ]
    await a.create('x', start)
    cluster.bus.drop(1, { to: cluster.instances[1] })
    await Promise.all([
      a.update('x', (d) => {
        d.stock -= 1
      }),
      b.update('x', (d) => {
        d.stock -= 1
      }),
    ])
    await cluster.settle()
    expect(b.peek('x')?.stock).toBe(8)
    expect(a.peek('x')?.stock).toBe(8)
  })
})
