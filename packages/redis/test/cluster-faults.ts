import type { RedisCluster, RedisServer } from '@sync/brokers'
import type { Faults, StoreFaults } from '@sync/conformance'
import { Redis } from 'ioredis'
import { metaKey } from '../src/names.ts'

/**
 * Faults of a whole cluster: all nodes are killed or frozen, or each master's replica takes over. All nodes together, because otherwise
 * a replica would take over and the cluster would stay available.
 */
export function clusterFaults(cluster: RedisCluster): Faults {
  const all = (act: (node: RedisServer) => Promise<void>): Promise<unknown> => Promise.all(cluster.nodes.map(act))
  return {
    kill: async () => void (await all((node) => node.kill())),
    restart: () => restartNodes(cluster, cluster.nodes),
    pause: async () => void (await all((node) => node.pause())),
    async resume() {
      await all((node) => node.resume())
      // frozen nodes lost contact with each other
      await cluster.waitUntilStable()
    },
    failOver: () => cluster.failOver(),
    failBack: () => cluster.failOver(),
  }
}

/**
 * Faults of a store in a cluster. `namespace` distinguishes its sections from others in the same cluster. Replies cannot be dropped:
 * clients connect to the addresses that the nodes announce, and bypass any proxy.
 */
export const clusterStoreFaults = (cluster: RedisCluster, namespace: string): StoreFaults => ({
  ...clusterFaults(cluster),
  async loseTail(n) {
    const { log, master } = await findOnlyLog(cluster, namespace)
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await master.truncateLog({ commits: n, containing: log })
    // its replica still has the lost commits, and must not start first
    await restartNodes(cluster, [master, ...cluster.nodes.filter((node) => node !== master)])
  },
  async loseCounters(section) {
    const key = metaKey(section, { cluster: true })
    const master = await cluster.masterOf(await cluster.slotOf(key))
    await withAdmin(master, (admin) => admin.del(key))
  },
})

/** Restarts the nodes that a rule left dead. */
export async function restartDeadNodes(cluster: RedisCluster): Promise<void> {
  const dead = cluster.nodes.filter(({ running }) => !running)
  if (dead.length > 0) await restartNodes(cluster, dead)
}

/** Restarts the first node before the others, so that they find it as the master. */
async function restartNodes(cluster: RedisCluster, [first, ...others]: readonly RedisServer[]): Promise<void> {
  await first?.restart()
  await Promise.all(others.map((node) => node.restart()))
  await cluster.waitUntilStable()
}

/** Returns the log of a namespace's only section, and the master that has it. */
async function findOnlyLog(
  cluster: RedisCluster,
  namespace: string,
): Promise<{ readonly log: string; readonly master: RedisServer }> {
  const keys = await Promise.all(
    cluster.nodes.map((node) => withAdmin(node, (admin) => admin.keys(`{${namespace}:*::log`))),
  )
  // replicas return the same keys
  const [log, ...others] = new Set(keys.flat())
  if (log === undefined || others.length > 0) throw new Error(`expected one section, got ${new Set(keys.flat()).size}`)
  return { log, master: await cluster.masterOf(await cluster.slotOf(log)) }
}

async function withAdmin<T>({ url }: RedisServer, work: (admin: Redis) => Promise<T>): Promise<T> {
  const admin = new Redis(url)
  try {
    return await work(admin)
  } finally {
    admin.disconnect()
  }
}
