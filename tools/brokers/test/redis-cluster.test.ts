import { canTest, type RedisCluster, startRedisCluster } from '@sync/brokers'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

function connectCluster(cluster: RedisCluster): Cluster & AsyncDisposable {
  const client = new Cluster([...cluster.urls], { clusterRetryStrategy: () => 50, retryDelayOnClusterDown: 50 })
  client.on('error', () => {})
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  })
}

describe.runIf(await canTest('the Redis Cluster', { broker: 'redis' }))('startRedisCluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  it('serves every slot and gives each master a replica', async () => {
    await using client = connectCluster(cluster)
    for (let i = 0; i < 30; i++) expect(await client.set(`key-${i}`, `${i}`)).toBe('OK')
    for (const { url } of cluster.nodes.slice(0, 3)) {
      await using master = connectRedis(url)
      expect(await master.info('replication')).toMatch(/connected_slaves:1[\s\S]*state=online/)
    }
  })

  it("finds a key's slot and the slot's master", async () => {
    const slot = await cluster.slotOf('{tag}:a')
    expect(await cluster.slotOf('{tag}:b')).toBe(slot)
    const master = await cluster.masterOf(slot)
    await using client = connectRedis(master.url)
    expect(await client.set('{tag}:a', '1')).toBe('OK')
  })

  it('moves a slot with its keys, half of them before onHalfway', async () => {
    const slot = await cluster.slotOf('{moving}')
    const from = await cluster.masterOf(slot)
    const to = cluster.nodes.slice(0, 3).find((node) => node !== from)
    if (!to) throw new Error('expected another master')
    await using client = connectCluster(cluster)
    const keys = Array.from({ length: 10 }, (_, i) => `{moving}:${i}`)
    await Promise.all(keys.map((key) => client.set(key, key)))
    const counts: number[] = []
    await cluster.moveSlot({
      slot,
      to,
      async onHalfway() {
        for (const { url } of [from, to]) {
          await using node = connectRedis(url)
          counts.push(Number(await node.cluster('COUNTKEYSINSLOT', slot)))
        }
        expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys)
        // Neither node has all keys, so a multi-key command fails.
        await using source = connectRedis(from.url)
        await expect(source.mget(...keys)).rejects.toThrow('TRYAGAIN')
      },
    })
    expect(counts).toEqual([5, 5])
    expect(await cluster.masterOf(slot)).toBe(to)
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys)
  })

  it('promotes the replicas on failOver, and the former masters on the next one', async () => {
    await using client = connectCluster(cluster)
    const slot = await cluster.slotOf('kept')
    await client.set('kept', 'safe')
    const first = await cluster.masterOf(slot)
    for (const expected of [expect.not.objectContaining({ port: first.port }), first]) {
      await cluster.failOver()
      expect(await cluster.masterOf(slot)).toEqual(expected)
      await vi.waitFor(async () => expect(await client.get('kept')).toBe('safe'), WAIT_OPTIONS)
    }
  })

  it('replaces a killed master, which rejoins as a replica when restarted', async () => {
    await using client = connectCluster(cluster)
    const slot = await cluster.slotOf('precious')
    await client.set('precious', 'gold')
    const first = await cluster.masterOf(slot)
    await first.kill()
    await cluster.waitUntilStable()
    const second = await cluster.masterOf(slot)
    expect(second).not.toBe(first)
    await vi.waitFor(async () => expect(await client.get('precious')).toBe('gold'), WAIT_OPTIONS)
    await first.restart()
    await cluster.waitUntilStable()
    await using replica = connectRedis(first.url)
    expect(await replica.info('replication')).toMatch(/^role:slave/m)
  })
})
