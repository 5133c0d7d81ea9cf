import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExternalServerError, externalServerControls, type ServerControls } from '../process/controls.ts'
import { retryOnPortConflict } from '../process/free-ports.ts'
import { freePort } from '../process/port.ts'
import type { Program } from '../process/program.ts'
import { ServerProcess } from '../process/server.ts'
import { createTempDir, removeDirectory } from '../process/temp-dir.ts'
import { externalNatsUrl, findNats, type NatsRelease } from './find-nats.ts'
import { type NatsConnectionOptions, probeStream, withNatsClient } from './probe.ts'
import { type StreamTruncation, truncateStream } from './stream-log.ts'

/** What kind of NATS server. */
export interface NatsOptions {
  /** @default 'newest' */
  readonly release?: NatsRelease
  /** Added to the server's configuration file: `{ authorization: { token: 's3cr3t' } }`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** What the configuration asks of clients. */
  readonly connection?: NatsConnectionOptions
}

/** A NATS server with JetStream. Data and server go when it is disposed of, or when this process ends. */
export interface NatsServer extends ServerControls, AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly version: string
  /** Where its program came from, for people. */
  readonly source: string
  /** Its name in the cluster. */
  readonly name: string
  /** Loses the end of a stream kept in files, while the server is down. Answers how many bytes went. */
  truncateLog(cut: StreamTruncation): Promise<number>
}

/**
 * Starts a NATS server with JetStream on a free port of the loopback interface; it is ready when a stream was made and read
 * back. Where the environment gives a URL it is that server, as it is: its hooks reject with a `NotOursError`.
 * Throws an `UnavailableError` if there is none.
 */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const { release = 'newest', config = {}, connection = {} } = options
  const externalUrl = externalNatsUrl(release)
  if (externalUrl !== undefined) return externalServer(externalUrl, connection)
  const program = await findNats(release)
  return retryOnPortConflict(async () => {
    const port = await freePort()
    const ready = (): Promise<void> => probeStream({ url: urlOf(port), connection }, 1)
    return startNatsServer({ name: `nats-${port}`, port, program, config, ready })
  })
}

/** One server on ports that are known. */
export interface NatsServerOptions {
  readonly name: string
  readonly port: number
  readonly program: Program
  readonly config: Readonly<Record<string, unknown>>
  readonly ready: () => Promise<void>
}

/** Starts a server of ours. */
export async function startNatsServer({ name, port, program, config, ready }: NatsServerOptions): Promise<NatsServer> {
  const folder = await createTempDir('nats')
  const file = join(folder, 'nats.conf')
  const store = join(folder, 'store')
  // The configuration's language takes JSON.
  const merged = {
    server_name: name,
    listen: `127.0.0.1:${port}`,
    jetstream: { store_dir: store },
    ...config,
  }
  await writeFile(file, JSON.stringify(merged))
  const server = await ServerProcess.start({ name, program, args: ['--config', file], folder, ready })
  return {
    url: urlOf(port),
    port,
    version: program.version,
    source: program.source,
    name,
    get running() {
      return server.running
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
    async truncateLog(cut) {
      if (server.running) throw new Error('the log is cut while the server is down: kill it first')
      return truncateStream(store, cut)
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await removeDirectory(folder)
    },
  }
}

/** Of a server on this machine. */
export function urlOf(port: number): string {
  return `nats://127.0.0.1:${port}`
}

async function externalServer(url: string, connection: NatsConnectionOptions): Promise<NatsServer> {
  const { hostname, port } = new URL(url)
  const info = await withNatsClient({ url, connection }, async (client) => client.info)
  return {
    ...externalServerControls(url),
    url,
    port: Number(port || 4222),
    version: info?.version ?? 'unknown',
    source: `given by the environment, at ${hostname}`,
    name: info?.server_name ?? 'unknown',
    truncateLog: () => Promise.reject(new ExternalServerError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
