import { ArgumentError, type CollectionDefinition, defineCollection } from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

const settings = defineCollection<{ rate: number }>({ section: 'settings', ttl: 'never' })

describe('collection(definition)', () => {
  it("opens the partition 'default' when no partition is given", async () => {
    await using cluster = createTestCluster({ instances: 2 })
    const [a, b] = cluster.instances
    const implicit = a?.collection(settings)
    const explicit = b?.collection(settings, { partition: 'default' })
    await implicit?.set('vat', { rate: 19 })
    expect(implicit?.ref).toEqual({ partition: 'default', section: 'settings' })
    expect(await explicit?.get('vat')).toEqual({ rate: 19 })
  })

  it('shares replicas with a handle that names the default partition', async () => {
    await using cluster = createTestCluster({ instances: 1 })
    const [instance] = cluster.instances
    expect(instance?.collection(settings)).toBe(instance?.collection(settings, { partition: 'default' }))
  })

  it.each([
    ['an unset tenant', { partition: undefined }, 'got partition undefined'],
    ['an empty tenant', { partition: '' }, 'got partition ""'],
    ['an object without a partition', {}, 'got partition undefined'],
    ['a number as tenant', { partition: 7 }, 'got partition 7'],
    ['null', null, 'got null'],
    ['a bare string', 'eu', 'got a string'],
  ])('rejects %s, and names the remedy', async (_name, at, found) => {
    await using cluster = createTestCluster({ instances: 1 })
    const open = (): unknown => cluster.instances[0]?.collection(settings, at as { partition: string })
    expect(open).toThrow(ArgumentError)
    expect(open).toThrow(
      `at: expected an address such as { partition: 'eu' }, ${found}; omit it for the partition 'default'`,
    )
  })

  it.each([undefined, null, {}, 'settings'])('rejects %j in place of a definition', async (definition) => {
    await using cluster = createTestCluster({ instances: 1 })
    const open = (): unknown => cluster.instances[0]?.collection(definition as unknown as CollectionDefinition<unknown>)
    expect(open).toThrow(ArgumentError)
    expect(open).toThrow('definition: expected the result of defineCollection()')
  })
})
