import { randomUUID } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { retryOnPortConflict, startAllOrNone } from '../process/free-ports.ts'
import { freePort } from '../process/port.ts'
import { waitFor } from '../process/wait-for.ts'
import { findNats } from './find-nats.ts'
import { type NatsOptions, type NatsServer, startNatsServer, urlOf } from './nats.ts'
import { type NatsConnectionOptions, probeStream, withNatsClient } from './probe.ts'

/** Options of a NATS cluster. */
export interface NatsClusterOptions extends NatsOptions {
  /** Number of nodes. @default 3 */
  readonly size?: number
}

/** A cluster of NATS servers with JetStream. Each node has the fault controls of a single server. */
export interface NatsCluster extends AsyncDisposable {
  readonly urls: readonly string[]
  readonly nodes: readonly NatsServer[]
  readonly version: string
  /** Waits until a running node leads the stream, and returns that node. */
  leaderOf(stream: string): Promise<NatsServer>
  /** Resolves when every running node can create a stream with a copy on each running node, write to it and read it back. */
  waitUntilStable(): Promise<void>
}

/**
 * Starts a cluster on free ports of the loopback interface.
 * @throws UnavailableError if no source has a NATS server
 */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const { release = 'newest', size = 3, config = {}, connection = {} } = options
  const program = await findNats(release)
  const name = `cluster-${randomUUID()}`
  const nodes = await retryOnPortConflict(async () => {
    const routePorts = await Promise.all(Array.from({ length: size }, freePort))
    const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`)
    return startAllOrNone(
      routePorts.map((routePort) => async () => {
        const port = await freePort()
        const cluster = { name, listen: `127.0.0.1:${routePort}`, routes }
        const ready = (): Promise<void> => assertHasLeader({ url: urlOf(port), connection })
        return startNatsServer({ name: `node-${port}`, port, program, config: { cluster, ...config }, ready })
      }),
    )
  })
  const cluster = new LoopbackCluster(nodes, { version: program.version, connection })
  await cluster.waitUntilStable()
  return cluster
}

/** Throws unless the node's JetStream cluster has a leader. */
async function assertHasLeader(destination: { url: string; connection: NatsConnectionOptions }): Promise<void> {
  await withNatsClient(destination, async (client) => {
    const manager = await jetstreamManager(client, { timeout: 1000 })
    await manager.getAccountInfo()
  })
}

interface ClusterDetails {
  readonly version: string
  readonly connection: NatsConnectionOptions
}

class LoopbackCluster implements NatsCluster {
  readonly nodes: readonly NatsServer[]
  readonly version: string
  readonly #connection: NatsConnectionOptions

  constructor(nodes: readonly NatsServer[], { version, connection }: ClusterDetails) {
    this.nodes = nodes
    this.version = version
    this.#connection = connection
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  leaderOf(stream: string): Promise<NatsServer> {
    return waitFor(
      async () => {
        const name = await withNatsClient(this.#destination(this.#running[0]), async (client) => {
          const { streams } = await jetstreamManager(client, { timeout: 1000 })
          return (await streams.info(stream)).cluster?.leader
        })
        return this.#running.find((node) => node.name === name) ?? false
      },
      { condition: `a running node leads the stream ${stream}`, interval: 50 },
    )
  }

  async waitUntilStable(): Promise<void> {
    const replicas = this.#running.length
    for (const node of this.#running) {
      const attempt = async (): Promise<true> => {
        await probeStream(this.#destination(node), replicas)
        return true
      }
      await waitFor(attempt, { condition: `${node.name} can create a stream with ${replicas} copies`, interval: 50 })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  get #running(): NatsServer[] {
    return this.nodes.filter(({ running }) => running)
  }

  #destination(node: NatsServer | undefined): { url: string; connection: NatsConnectionOptions } {
    if (!node) throw new Error('expected at least one running node, got none')
    return { url: node.url, connection: this.#connection }
  }
}
