import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerControls } from '../process/controls.ts'
import { freePort } from '../process/port.ts'
import type { Program } from '../process/program.ts'
import { ServerProcess } from '../process/server.ts'
import { createTempDir, removeDirectory } from '../process/temp-dir.ts'
import { startProxy, type TcpProxy } from '../proxy/proxy.ts'
import { type PartitionTruncation, truncatePartition } from './partition-log.ts'
import { brokerProperties, type NodePlacement, type Ports, type Properties, toPropertiesText } from './properties.ts'
import { formatStorage } from './storage.ts'

/** A Kafka broker in KRaft mode. Data and broker go when it is disposed of, or when this process ends. */
export interface KafkaServer extends ServerControls, AsyncDisposable {
  /** `kafka://127.0.0.1:port`. */
  readonly url: string
  /** The same without the scheme, as clients are often told. */
  readonly address: string
  readonly port: number
  readonly version: string
  /** Where its program came from, for people. */
  readonly source: string
  readonly nodeId: number
  /**
   * Starts a proxy before it, once: whoever connects there is told to go on connecting there. (Brokers tell their clients
   * where to connect; before another proxy they would be sent past it.)
   */
  startProxy(): Promise<TcpProxy>
  /** Loses the end of a partition's log, while the broker is down. Answers how many bytes went. */
  truncateLog(cut: PartitionTruncation): Promise<number>
}

/** One broker on ports that are known. */
export interface KafkaBrokerOptions {
  readonly placement: NodePlacement
  readonly program: Program
  readonly config: Properties
  readonly ready: () => Promise<void>
}

/** Starts a broker of ours. */
export async function startKafkaBroker({
  placement,
  program,
  config,
  ready,
}: KafkaBrokerOptions): Promise<KafkaServer> {
  const { nodeId, ports } = placement
  const ownPorts = ports[nodeId - 1]
  if (!ownPorts) throw new RangeError(`there is no node ${nodeId}`)
  const folder = await createTempDir('kafka')
  const data = join(folder, 'data')
  const properties = brokerProperties(placement)
  await formatStorage({ program, nodeId, properties, folder: data })
  const file = join(folder, 'server.properties')
  await writeFile(file, toPropertiesText({ ...properties, ...config, 'log.dirs': data }))
  const name = `kafka ${nodeId} on ${ownPorts.client}`
  const args = ['kafka.Kafka', file]
  const server = await ServerProcess.start({ name, program, args, folder, ready, timeout: 60_000, interval: 50 })
  return {
    url: `kafka://${addressOf(ownPorts)}`,
    address: addressOf(ownPorts),
    port: ownPorts.client,
    version: program.version,
    source: program.source,
    nodeId,
    get running() {
      return server.running
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
    startProxy: () => startProxy({ target: `kafka://127.0.0.1:${ownPorts.proxied}`, port: ownPorts.proxy }),
    async truncateLog(cut) {
      if (server.running) throw new Error('the log is cut while the broker is down: kill it first')
      return truncatePartition(data, cut)
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await removeDirectory(folder)
    },
  }
}

/** For one node. */
export async function freePorts(): Promise<Ports> {
  return {
    client: await freePort(),
    internal: await freePort(),
    controller: await freePort(),
    proxied: await freePort(),
    proxy: await freePort(),
  }
}

/** Where clients connect, `host:port`. */
export function addressOf({ client }: Ports): string {
  return `127.0.0.1:${client}`
}
