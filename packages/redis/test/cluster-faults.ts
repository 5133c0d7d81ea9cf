import type { RedisCluster, RedisServer } from '@sync/brokers'
import type { Faults, StoreFaults } from '@sync/conformance'
import { Redis } from 'ioredis'
import { metaKey } from '../src/names.ts'

/**
 * What can be done to a cluster as a whole: all of its nodes are killed or frozen, or each master's replica takes over. That no
 * replica is left to take over makes it a cluster that nobody reaches.
 */
export function clusterFaults(cluster: RedisCluster): Faults {
  const all = (act: (node: RedisServer) => Promise<void>): Promise<unknown> => Promise.all(cluster.nodes.map(act))
  return {
    kill: async () => void (await all((node) => node.kill())),
    restart: () => restartNodes(cluster, cluster.nodes),
    pause: async () => void (await all((node) => node.pause())),
    async resume() {
      await all((node) => node.resume())
      // while they stood still each of them lost the others
      await cluster.waitUntilStable()
    },
    failOver: () => cluster.failOver(),
    failBack: () => cluster.failOver(),
  }
}

/**
 * What can be done to a store in a cluster. Its `namespace` tells its sections from others of the same cluster. No reply can be lost:
 * clients go where the nodes say they are, past any proxy.
 */
export const clusterStoreFaults = (cluster: RedisCluster, namespace: string): StoreFaults => ({
  ...clusterFaults(cluster),
  async loseTail(n) {
    const { log, master } = await findOnlyLog(cluster, namespace)
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await master.truncateLog({ commits: n, containing: log })
    // its replica has what it lost, and must not come first
    await restartNodes(cluster, [master, ...cluster.nodes.filter((node) => node !== master)])
  },
  async loseCounters(section) {
    const key = metaKey(section, { cluster: true })
    const master = await cluster.masterOf(await cluster.slotOf(key))
    await withAdmin(master, (admin) => admin.del(key))
  },
})

/** Starts again what a rule has left dead. */
export async function restartDeadNodes(cluster: RedisCluster): Promise<void> {
  const dead = cluster.nodes.filter(({ running }) => !running)
  if (dead.length > 0) await restartNodes(cluster, dead)
}

/** The first before the others, so that it is there when they look for it. */
async function restartNodes(cluster: RedisCluster, [first, ...others]: readonly RedisServer[]): Promise<void> {
  await first?.restart()
  await Promise.all(others.map((node) => node.restart()))
  await cluster.waitUntilStable()
}

/** The log of the one section that there is in a namespace, and who has it. */
async function findOnlyLog(
  cluster: RedisCluster,
  namespace: string,
): Promise<{ readonly log: string; readonly master: RedisServer }> {
  const keys = await Promise.all(
    cluster.nodes.map((node) => withAdmin(node, (admin) => admin.keys(`{${namespace}:*::log`))),
  )
  // replicas have them too
  const [log, ...others] = new Set(keys.flat())
  if (log === undefined || others.length > 0) throw new Error(`not one section but ${others.length + 1}`)
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
