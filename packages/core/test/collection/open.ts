import {
  type Collection,
  type CollectionDefinition,
  defineCollection,
  max,
  type SyncInstance,
  sum,
  union,
} from '@sync/core'
import { createTestCluster, type TestCluster, type TestClusterOptions } from '@sync/core/testing'

/** Document of these tests, with one field of each kind. */
export interface Product {
  title: string
  price: number
  stock: number
  tags: { id: string; label?: string }[]
  best?: number
  note?: string | null
  size: { width: number; parts: number[] }
}

export const lamp: Product = { title: 'Lamp', price: 4, stock: 10, tags: [], size: { width: 1, parts: [1, 2, 3] } }

const products: CollectionDefinition<Product> = defineCollection<Product>({
  section: 'product',
  ttl: 'never',
  merge: { stock: sum, tags: union('id'), best: max },
})

/** A cluster of two instances, with the same collection at each of them. */
export interface Opened<T> extends AsyncDisposable {
  readonly cluster: TestCluster
  readonly a: Collection<T>
  readonly b: Collection<T>
  readonly instances: readonly SyncInstance[]
}

/** Opens a collection at two instances. */
export function open<T = Product>(
  definition: CollectionDefinition<T> = products as unknown as CollectionDefinition<T>,
  options: TestClusterOptions = {},
): Opened<T> {
  const cluster = createTestCluster(options)
  const [a, b] = cluster.instances.map((each) => each.collection(definition, { partition: 'eu' })) as [
    Collection<T>,
    Collection<T>,
  ]
  return { cluster, a, b, instances: cluster.instances, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
}
