import { startAllOrNone } from '../process/free-ports.ts'
import { freePort } from '../process/port.ts'
import { waitFor } from '../process/wait-for.ts'
import { type ClusterNode, readClusterNodes, servesSlot } from './cluster-nodes.ts'
import { findRedis } from './find-redis.ts'
import { type RedisOptions, type RedisServer, startManagedRedis } from './redis.ts'
import { moveSlot, type SlotMove } from './slot-move.ts'
import { withRedisClient } from './with-client.ts'

const SLOTS = 16_384

/** How long the others have no second vote for replicas of one master, in ms: twice `cluster-node-timeout`. */
const FAILOVER_RETRY_MS = 2_000

/** What kind of Redis Cluster. */
export interface ClusterOptions extends Omit<RedisOptions, 'connection'> {
  /** @default 3 */
  readonly masters?: number
}

/** A Redis Cluster of this process's own: masters with one replica each. Every node has the hooks of a single server. */
export interface RedisCluster extends AsyncDisposable {
  /** Of all nodes: any of them will do to find the others. */
  readonly urls: readonly string[]
  /** First those that began as masters, then their replicas in the same order. */
  readonly nodes: readonly RedisServer[]
  readonly version: string
  /** The slot that a key lies in. */
  slotOf(key: string): Promise<number>
  /** The running node that serves a slot now. */
  masterOf(slot: number): Promise<RedisServer>
  /** Moves a slot with all its keys to another master. */
  moveSlot(move: SlotMove): Promise<void>
  /** Every master hands over to its replica, with all data, and becomes its replica. All nodes have to run. */
  failOver(): Promise<void>
  /** Resolves when all running nodes agree that every slot is served, and every running replica is synchronised. */
  waitUntilStable(): Promise<void>
}

/** Starts a cluster on free ports of the loopback interface. Throws an `UnavailableError` if there is no Redis. */
export async function startRedisCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { flavor = 'redis', masters = 3, config = {} } = options
  const program = await findRedis(flavor)
  const start = (): Promise<RedisServer> =>
    startManagedRedis({
      name: `${flavor}-node`,
      program,
      connection: {},
      config: async () => ({
        'cluster-enabled': 'yes',
        'cluster-node-timeout': '1000',
        // a replica that found no votes for long may still take over: else the slots would be nobody's for good
        'cluster-replica-validity-factor': '0',
        'cluster-port': `${await freePort()}`,
        ...config,
      }),
    })
  const nodes = await startAllOrNone(Array.from({ length: masters * 2 }, () => start))
  const cluster = new LoopbackCluster(nodes, program.version)
  try {
    await cluster.createCluster()
    await cluster.waitUntilStable()
    return cluster
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw error
  }
}

class LoopbackCluster implements RedisCluster {
  readonly nodes: readonly RedisServer[]
  readonly version: string

  constructor(nodes: readonly RedisServer[], version: string) {
    this.nodes = nodes
    this.version = version
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  async slotOf(key: string): Promise<number> {
    const [node] = this.#running
    if (!node) throw new Error('no node is running')
    return Number(await withRedisClient(node.url, (client) => client.cluster('KEYSLOT', key)))
  }

  async masterOf(slot: number): Promise<RedisServer> {
    for (const node of this.#running) {
      const self = ownNode(await readClusterNodes(node.url))
      if (isMaster(self) && servesSlot(self, slot)) return node
    }
    throw new Error(`no running node serves slot ${slot}`)
  }

  async moveSlot(move: SlotMove): Promise<void> {
    const from = await this.masterOf(move.slot)
    await moveSlot({ ...move, from, masters: await this.#masters() })
    await this.waitUntilStable()
  }

  async failOver(): Promise<void> {
    await this.waitUntilStable()
    for (const master of await this.#masters()) {
      const what = `another node has taken over from ${master.port}`
      const hasTakenOver = async (): Promise<boolean> => !isMaster(ownNode(await readClusterNodes(master.url)))
      const attempt = async (): Promise<boolean> => {
        if (await hasTakenOver()) return true
        const { url } = await this.#replicaOf(master)
        await withRedisClient(url, (client) => client.call('CLUSTER', 'FAILOVER'))
        return waitFor(hasTakenOver, { what, timeout: FAILOVER_RETRY_MS })
      }
      await waitFor(attempt, { what })
    }
    await this.waitUntilStable()
  }

  async waitUntilStable(): Promise<void> {
    await waitFor(async () => isStable(this.#running), { what: 'the cluster is settled', interval: 20 })
  }

  /** Gives the slots out, lets the nodes meet, and makes replicas of the second half. */
  async createCluster(): Promise<void> {
    const half = this.nodes.length / 2
    const [first] = this.nodes
    for (const [index, { url, port }] of this.nodes.entries()) {
      await withRedisClient(url, (client) => client.cluster('SET-CONFIG-EPOCH', index + 1))
      if (index < half) {
        const range = [index, index + 1].map((part) => Math.floor((part * SLOTS) / half))
        await withRedisClient(url, (client) =>
          client.call('CLUSTER', 'ADDSLOTSRANGE', range[0] ?? 0, (range[1] ?? 0) - 1),
        )
      }
      const [, busPort = ''] = await withRedisClient(url, (client) => client.config('GET', 'cluster-port'))
      if (first && index > 0)
        await withRedisClient(first.url, (client) => client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort))
    }
    await waitFor(
      async () => (await Promise.all(this.urls.map(readClusterNodes))).every((view) => this.#isComplete(view)),
      {
        what: 'the nodes of the cluster have met',
      },
    )
    for (const [index, { url }] of this.nodes.slice(half).entries()) {
      const master = this.nodes[index]
      const id = master && (await withRedisClient(master.url, (client) => client.cluster('MYID')))
      await withRedisClient(url, (client) => client.cluster('REPLICATE', `${id}`))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  async #masters(): Promise<RedisServer[]> {
    const states = await this.#nodeStates()
    return states.filter(({ state }) => isMaster(state)).map(({ node }) => node)
  }

  async #replicaOf(master: RedisServer): Promise<RedisServer> {
    const states = await this.#nodeStates()
    const { state: { id } = {} } = states.find(({ node }) => node === master) ?? {}
    const replica = states.find(({ state }) => state.masterId === id)
    if (!replica) throw new Error(`the node at ${master.port} has no replica`)
    return replica.node
  }

  /** What each running node says of itself. */
  #nodeStates(): Promise<{ readonly node: RedisServer; readonly state: ClusterNode }[]> {
    return Promise.all(this.#running.map(async (node) => ({ node, state: ownNode(await readClusterNodes(node.url)) })))
  }

  #isComplete(view: readonly ClusterNode[]): boolean {
    return view.length === this.nodes.length && view.every(({ flags }) => !flags.has('handshake'))
  }

  get #running(): RedisServer[] {
    return this.nodes.filter(({ running }) => running)
  }
}

function ownNode(view: readonly ClusterNode[]): ClusterNode {
  const state = view.find(({ flags }) => flags.has('myself'))
  if (!state) throw new Error('a node does not know itself')
  return state
}

const isMaster = ({ flags }: ClusterNode): boolean => flags.has('master')

async function isStable(running: readonly RedisServer[]): Promise<boolean> {
  const ports = new Set(running.map(({ port }) => port))
  const owners = new Set<string>()
  for (const { url } of running) {
    const info = `${await withRedisClient(url, (client) => client.cluster('INFO'))}`
    if (!info.includes('cluster_state:ok')) return false
    const view = await readClusterNodes(url)
    // Those that are down may still be listed, as failed; slots of theirs are not served.
    if (view.some(({ port, flags, slots }) => slots.length > 0 && (!ports.has(port) || flags.has('fail')))) return false
    owners.add(
      JSON.stringify(
        view
          .filter(({ slots }) => slots.length > 0)
          .map(({ id, slots }) => [id, slots])
          .sort(),
      ),
    )
    const replication = await withRedisClient(url, (client) => client.info('replication'))
    if (/^role:slave/m.test(replication) && !/^master_link_status:up/m.test(replication)) return false
    const masterPort = Number(/^master_port:(\d+)/m.exec(replication)?.[1])
    if (masterPort > 0 && !ports.has(masterPort)) return false
    // A replica is safe only when its master knows it to be online.
    const { id } = ownNode(view)
    const replicas = view.filter(({ masterId, port }) => masterId === id && ports.has(port))
    if (replicas.some(({ port }) => !new RegExp(`port=${port},state=online`).test(replication))) return false
  }
  return owners.size === 1
}
