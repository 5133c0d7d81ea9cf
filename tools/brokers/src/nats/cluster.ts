import { randomUUID } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { freePort } from '../process/port.ts'
import { onFreePorts, startAll } from '../process/start.ts'
import { until } from '../process/until.ts'
import { findNats } from './find-nats.ts'
import { type NatsOptions, type NatsServer, startNatsOn, urlOf } from './nats.ts'
import { askNats, type NatsConnectionOptions, probeStream } from './probe.ts'

/** What kind of NATS cluster. */
export interface NatsClusterOptions extends NatsOptions {
  /** How many nodes. @default 3 */
  readonly size?: number
}

/** A cluster of NATS servers with JetStream. Every node has the hooks of a single server. */
export interface NatsCluster extends AsyncDisposable {
  readonly urls: readonly string[]
  readonly nodes: readonly NatsServer[]
  readonly version: string
  /** The node that leads a stream now. */
  leaderOf(stream: string): Promise<NatsServer>
  /** Resolves when every running node can make a stream with a copy on each running node, and read it back. */
  settled(): Promise<void>
}

/** Starts a cluster on free ports of the loopback interface. Throws an `UnavailableError` if there is no NATS server. */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  const { release = 'newest', size = 3, config = {}, connection = {} } = options
  const program = await findNats(release)
  const name = `cluster-${randomUUID()}`
  const nodes = await onFreePorts(async () => {
    const routePorts = await Promise.all(Array.from({ length: size }, freePort))
    const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`)
    return startAll(
      routePorts.map((routePort) => async () => {
        const port = await freePort()
        const cluster = { name, listen: `127.0.0.1:${routePort}`, routes }
        const ready = (): Promise<void> => isLed({ url: urlOf(port), connection })
        return startNatsOn({ name: `node-${port}`, port, program, config: { cluster, ...config }, ready })
      }),
    )
  })
  const cluster = new LoopbackCluster(nodes, { version: program.version, connection })
  await cluster.settled()
  return cluster
}

/** Throws unless the nodes have a leader. */
async function isLed(destination: { url: string; connection: NatsConnectionOptions }): Promise<void> {
  await askNats(destination, async (client) => {
    const manager = await jetstreamManager(client, { timeout: 1000 })
    await manager.getAccountInfo()
  })
}

interface Details {
  readonly version: string
  readonly connection: NatsConnectionOptions
}

class LoopbackCluster implements NatsCluster {
  readonly nodes: readonly NatsServer[]
  readonly version: string
  readonly #connection: NatsConnectionOptions

  constructor(nodes: readonly NatsServer[], { version, connection }: Details) {
    this.nodes = nodes
    this.version = version
    this.#connection = connection
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  leaderOf(stream: string): Promise<NatsServer> {
    return until(
      async () => {
        const name = await askNats(this.#destination(this.#running[0]), async (client) => {
          const { streams } = await jetstreamManager(client, { timeout: 1000 })
          return (await streams.info(stream)).cluster?.leader
        })
        return this.#running.find((node) => node.name === name) ?? false
      },
      { what: `a running node leads the stream ${stream}`, interval: 50 },
    )
  }

  async settled(): Promise<void> {
    const copies = this.#running.length
    for (const node of this.#running) {
      const attempt = async (): Promise<true> => {
        await probeStream(this.#destination(node), copies)
        return true
      }
      await until(attempt, { what: `${node.name} can make a stream with ${copies} copies`, interval: 50 })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  get #running(): NatsServer[] {
    return this.nodes.filter(({ running }) => running)
  }

  #destination(node: NatsServer | undefined): { url: string; connection: NatsConnectionOptions } {
    if (!node) throw new Error('no node is running')
    return { url: node.url, connection: this.#connection }
  }
}
