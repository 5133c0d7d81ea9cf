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

/** Options of a NATS server. */
export interface NatsOptions {
  /** NATS version to start. @default 'newest' */
  readonly release?: NatsRelease
  /** Settings added to the server's configuration file, such as `{ authorization: { token: 's3cr3t' } }`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Connection options that `config` requires of clients. */
  readonly connection?: NatsConnectionOptions
}

/** A NATS server with JetStream. Disposing of it, or the end of this process, stops the server and deletes its data. */
export interface NatsServer extends ServerControls, AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly version: string
  /** Human-readable origin of the program. */
  readonly source: string
  /** Server name, unique within its cluster. */
  readonly name: string
  /**
   * Cuts the end of a stream that is stored in files. Returns the number of bytes removed.
   * @throws Error if the server is running
   */
  truncateLog(truncation: StreamTruncation): Promise<number>
}

/**
 * Starts a NATS server with JetStream on a free port of the loopback interface. Resolves when a stream could be created, written
 * and read back. If `SYNC_TEST_NATS_URL` is set, it returns that server unchanged, and its fault controls reject with an
 * `ExternalServerError`.
 * @throws UnavailableError if no source has a NATS server
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

/** One server on a given port. */
export interface NatsServerOptions {
  readonly name: string
  readonly port: number
  readonly program: Program
  readonly config: Readonly<Record<string, unknown>>
  readonly ready: () => Promise<void>
}

/** Starts a server in a child process. */
export async function startNatsServer({ name, port, program, config, ready }: NatsServerOptions): Promise<NatsServer> {
  const folder = await createTempDir('nats')
  const file = join(folder, 'nats.conf')
  const store = join(folder, 'store')
  // The configuration language of NATS is a superset of JSON.
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
    async truncateLog(truncation) {
      if (server.running) throw new Error(`${name}: expected a stopped server to truncate its log; kill it first`)
      return truncateStream(store, truncation)
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await removeDirectory(folder)
    },
  }
}

/** Returns the URL of a server on this machine. */
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
    source: `from the environment, at ${hostname}`,
    name: info?.server_name ?? 'unknown',
    truncateLog: () => Promise.reject(new ExternalServerError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
