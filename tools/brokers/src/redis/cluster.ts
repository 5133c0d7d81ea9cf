import { startAllOrNone } from '../process/free-ports.ts'
import { freePort } from '../process/port.ts'
import { waitFor } from '../process/wait-for.ts'
import { type ClusterNode, readClusterNodes, servesSlot } from './cluster-nodes.ts'
import { findRedis } from './find-redis.ts'
import { type RedisOptions, type RedisServer, startManagedRedis } from './redis.ts'
import { moveSlot, type SlotMove } from './slot-move.ts'
import { withRedisClient } from './with-client.ts'

const SLOTS = 16_384

/** Time in milliseconds during which masters vote only once for replicas of the same master: twice `cluster-node-timeout`. */
const FAILOVER_RETRY_MS = 2_000

/** Options of a Redis Cluster. */
export interface ClusterOptions extends Omit<RedisOptions, 'connection'> {
  /** Number of masters. Each has one replica. @default 3 */
  readonly masters?: number
}

/** A Redis Cluster of masters with one replica each. Each node has the fault controls of a single server. */
export interface RedisCluster extends AsyncDisposable {
  /** URLs of all nodes. Clients can discover the cluster from any of them. */
  readonly urls: readonly string[]
  /** The initial masters, then their initial replicas in the same order. */
  readonly nodes: readonly RedisServer[]
  readonly version: string
  /** Returns the slot of a key. */
  slotOf(key: string): Promise<number>
  /** Returns the running node that currently serves a slot. @throws Error if no running node does */
  masterOf(slot: number): Promise<RedisServer>
  /** Moves a slot with all its keys to another master. */
  moveSlot(move: SlotMove): Promise<void>
  /** Makes every master and its replica swap roles, without data loss. All nodes must be running. */
  failOver(): Promise<void>
  /** Resolves when all running nodes agree that every slot is served, and every running replica is synchronised. */
  waitUntilStable(): Promise<void>
}

/**
 * Starts a cluster on free ports of the loopback interface.
 * @throws UnavailableError if no source has Redis
 */
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
        // Without this, a replica that got no votes for a long time could never take over, and its slots would stay unserved.
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
    if (!node) throw new Error('expected at least one running node, got none')
    return Number(await withRedisClient(node.url, (client) => client.cluster('KEYSLOT', key)))
  }

  async masterOf(slot: number): Promise<RedisServer> {
    for (const node of this.#running) {
      const self = ownNode(await readClusterNodes(node.url))
      if (isMaster(self) && servesSlot(self, slot)) return node
    }
    throw new Error(`slot ${slot}: expected a running node that serves it, got none`)
  }

  async moveSlot(move: SlotMove): Promise<void> {
    const from = await this.masterOf(move.slot)
    await moveSlot({ ...move, from, masters: await this.#masters() })
    await this.waitUntilStable()
  }

  async failOver(): Promise<void> {
    await this.waitUntilStable()
    for (const master of await this.#masters()) {
      const condition = `another node has taken over from ${master.port}`
      const hasTakenOver = async (): Promise<boolean> => !isMaster(ownNode(await readClusterNodes(master.url)))
      const attempt = async (): Promise<boolean> => {
        if (await hasTakenOver()) return true
        const { url } = await this.#replicaOf(master)
        await withRedisClient(url, (client) => client.call('CLUSTER', 'FAILOVER'))
        return waitFor(hasTakenOver, { condition, timeout: FAILOVER_RETRY_MS })
      }
      await waitFor(attempt, { condition })
    }
    await this.waitUntilStable()
  }

  async waitUntilStable(): Promise<void> {
    await waitFor(async () => isStable(this.#running), { condition: 'the cluster is stable', interval: 20 })
  }

  /** Distributes the slots to the first half of the nodes, joins all nodes, and makes the second half replicas. */
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
        condition: 'the nodes have joined the cluster',
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
    if (!replica) throw new Error(`node at port ${master.port}: expected a replica, got none`)
    return replica.node
  }

  /** Returns each running node with its own line of `CLUSTER NODES`. */
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
  if (!state) throw new Error("CLUSTER NODES: expected a line with the flag 'myself', got none")
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
    // A stopped node may still be listed with slots, which are then not served.
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
    // A replica is synchronised only when its master lists it as online.
    const { id } = ownNode(view)
    const replicas = view.filter(({ masterId, port }) => masterId === id && ports.has(port))
    if (replicas.some(({ port }) => !new RegExp(`port=${port},state=online`).test(replication))) return false
  }
  return owners.size === 1
}
