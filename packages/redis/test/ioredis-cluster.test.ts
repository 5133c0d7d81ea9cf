import { canTest, startRedisCluster } from '@sync/brokers'
import { redisBus } from '@sync/redis'
import { Cluster, Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type IoredisCluster,
  IoredisClusterConnection,
  ownedClusterOptions,
} from '../src/connection/ioredis-cluster.ts'

afterEach(() => void vi.useRealTimers())

describe('IoredisClusterConnection', () => {
  it('refreshes the slot map until it is closed, and never afterwards', async () => {
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
    // ioredis restarts its own refresh timer when a reply arrives after the close
    expect(ownedClusterOptions(1_000)).not.toHaveProperty('slotsRefreshInterval')
  })
})

it.runIf(await canTest('a Redis Cluster behind a NAT map', { broker: 'redis', controllable: true }))(
  "redisBus(client) subscribes at the addresses in the client's natMap",
  async () => {
    await using cluster = await startRedisCluster()
    const announcedPort = (port: number): number => (port > 40_000 ? port - 20_000 : port + 20_000)
    for (const { url, port } of cluster.nodes) {
      const admin = new Redis(url)
      await admin.config('SET', 'cluster-announce-port', `${announcedPort(port)}`)
      admin.disconnect()
    }
    const [first] = cluster.nodes
    const admin = new Redis(first?.url ?? '')
    const masters = async () => (await admin.cluster('SLOTS')).map(([, , master]) => master?.[1] ?? 0)
    const real = new Set(cluster.nodes.map(({ port }) => port))
    await vi.waitFor(async () => expect((await masters()).filter((port) => real.has(port))).toEqual([]), 10_000)
    admin.disconnect()

    const natMap = Object.fromEntries(
      cluster.nodes.map(({ port }) => [`127.0.0.1:${announcedPort(port)}`, { host: '127.0.0.1', port }]),
    )
    const client = new Cluster([{ host: '127.0.0.1', port: first?.port ?? 0 }], { natMap })
    const bus = redisBus(client)
    // these partitions are in slots of all nodes
    for (const partition of ['a', 'b', 'c', 'd', 'e', 'f']) await bus.subscribe({ partition, section: 's' }, () => {})
    await bus.close()
    client.disconnect()
  },
)
