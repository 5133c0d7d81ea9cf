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

/** A Kafka broker in KRaft mode. Disposing of it, or the end of this process, stops the broker and deletes its data. */
export interface KafkaServer extends ServerControls, AsyncDisposable {
  /** URL of the form `kafka://127.0.0.1:port`. */
  readonly url: string
  /** The URL without its scheme, in the form that Kafka clients expect. */
  readonly address: string
  readonly port: number
  readonly version: string
  /** Human-readable origin of the program. */
  readonly source: string
  readonly nodeId: number
  /**
   * Starts the broker's proxy; can be called once. Kafka brokers advertise the address that clients must use, so this broker
   * advertises the proxy's address to clients that connect through it. Clients of any other proxy would bypass that proxy.
   */
  startProxy(): Promise<TcpProxy>
  /**
   * Cuts the end of a partition's log. Returns the number of bytes removed.
   * @throws Error if the broker is running
   */
  truncateLog(truncation: PartitionTruncation): Promise<number>
}

/** One broker on given ports. */
export interface KafkaBrokerOptions {
  readonly placement: NodePlacement
  readonly program: Program
  readonly config: Properties
  readonly ready: () => Promise<void>
}

/** Starts a broker in a child process. */
export async function startKafkaBroker({
  placement,
  program,
  config,
  ready,
}: KafkaBrokerOptions): Promise<KafkaServer> {
  const { nodeId, ports } = placement
  const ownPorts = ports[nodeId - 1]
  if (!ownPorts) throw new RangeError(`nodeId: expected 1 to ${ports.length}, got ${nodeId}`)
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
    async truncateLog(truncation) {
      if (server.running) throw new Error(`${name}: expected a stopped broker to truncate its log; kill it first`)
      return truncatePartition(data, truncation)
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await removeDirectory(folder)
    },
  }
}

/** Returns free ports for one node. */
export async function freePorts(): Promise<Ports> {
  return {
    client: await freePort(),
    internal: await freePort(),
    controller: await freePort(),
    proxied: await freePort(),
    proxy: await freePort(),
  }
}

/** Returns the address that clients connect to, `host:port`. */
export function addressOf({ client }: Ports): string {
  return `127.0.0.1:${client}`
}
