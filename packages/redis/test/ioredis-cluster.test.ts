import { canTest, startRedisCluster } from '@sync/brokers'
import { redisBus } from '@sync/redis'
import { Cluster, Redis } from 'ioredis'
import { afterEach, expect, it, vi } from 'vitest'
import {
  type IoredisCluster,
  IoredisClusterConnection,
  ownedClusterOptions,
} from '../src/connection/ioredis-cluster.ts'

afterEach(() => void vi.useRealTimers())

it('a cluster is asked for its slots as long as it is open, and by nobody afterwards', async () => {
  vi.useFakeTimers()
  let slotQueries = 0
  const client = {
    isCluster: true,
    status: 'ready',
    options: {},
    call: () => Promise.resolve(''),
    nodes: () => [],
    refreshSlotsCache: () => void slotQueries++,
    disconnect: () => {},
    quit: () => Promise.resolve(),
    on: () => {},
    off: () => {},
  } as const satisfies IoredisCluster
  const connection = new IoredisClusterConnection(client, { timeout: 1_000, owned: true, address: 'host:1' })
  vi.advanceTimersByTime(5_000)
  expect(slotQueries).toBe(5)
  await connection.close()
  vi.advanceTimersByTime(5_000)
  expect(slotQueries).toBe(5)
  expect(vi.getTimerCount()).toBe(0)
  // its own timer is begun again by an answer that comes after the end
  expect(ownedClusterOptions(1_000)).not.toHaveProperty('slotsRefreshInterval')
})

it.runIf(await canTest('a Redis Cluster behind other addresses', { broker: 'redis', controllable: true }))(
  'a client that is given knows where nodes are to be reached that name other addresses: there they are listened to',
  async () => {
    await using cluster = await startRedisCluster()
    const named = (port: number): number => (port > 40_000 ? port - 20_000 : port + 20_000)
    for (const { url, port } of cluster.nodes) {
      const admin = new Redis(url)
      await admin.config('SET', 'cluster-announce-port', `${named(port)}`)
      admin.disconnect()
    }
    const [first] = cluster.nodes
    const admin = new Redis(first?.url ?? '')
    const masters = async () => (await admin.cluster('SLOTS')).map(([, , master]) => master?.[1] ?? 0)
    const real = new Set(cluster.nodes.map(({ port }) => port))
    await vi.waitFor(async () => expect((await masters()).filter((port) => real.has(port))).toEqual([]), 10_000)
    admin.disconnect()

    const natMap = Object.fromEntries(
      cluster.nodes.map(({ port }) => [`127.0.0.1:${named(port)}`, { host: '127.0.0.1', port }]),
    )
    const given = new Cluster([{ host: '127.0.0.1', port: first?.port ?? 0 }], { natMap })
    const bus = redisBus(given)
    // in slots of all nodes
    for (const partition of ['a', 'b', 'c', 'd', 'e', 'f']) await bus.subscribe({ partition, section: 's' }, () => {})
    await bus.close()
    given.disconnect()
  },
)
