import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExternalServerError, externalServerControls, type ServerControls } from '../process/controls.ts'
import { retryOnPortConflict } from '../process/free-ports.ts'
import { freePort } from '../process/port.ts'
import type { Program } from '../process/program.ts'
import { ServerProcess } from '../process/server.ts'
import { createTempDir, removeDirectory } from '../process/temp-dir.ts'
import { type LogTruncation, truncateAppendOnlyLog } from './append-only-log.ts'
import { externalRedisUrl, findRedis, type RedisFlavor } from './find-redis.ts'
import { type RedisConnectionOptions, withRedisClient } from './with-client.ts'

/** Options of a Redis server. */
export interface RedisOptions {
  /** Server program to start. @default 'redis' */
  readonly flavor?: RedisFlavor
  /**
   * Directives of redis.conf, added to the defaults: `{ 'maxmemory-policy': 'allkeys-lru' }`.
   * By default the server keeps an append-only log that survives a kill, takes no snapshots and evicts nothing.
   */
  readonly config?: Readonly<Record<string, string>>
  /** Connection options that `config` requires of clients. User and password become part of the URL; `tls` makes it `rediss:`. */
  readonly connection?: RedisConnectionOptions
}

/** A Redis server. Disposing of it, or the end of this process, stops the server and deletes its data. */
export interface RedisServer extends ServerControls, AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly version: string
  /** Human-readable origin of the program. */
  readonly source: string
  /**
   * Cuts the end of the append-only log. Returns the number of bytes removed.
   * @throws Error if the server is running
   */
  truncateLog(truncation: LogTruncation): Promise<number>
}

const DEFAULTS: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  // A kill loses no acknowledged write. With `everysec` it can: while an fsync is slow, writes wait in the server's memory.
  appendfsync: 'no',
  // Without rewrites the log stays one file, which `truncateLog` cuts.
  'auto-aof-rewrite-percentage': '0',
  bind: '127.0.0.1',
  'enable-debug-command': 'yes',
  'maxmemory-policy': 'noeviction',
  'protected-mode': 'no',
  'repl-diskless-sync-delay': '0',
  save: '',
}

/**
 * Starts a Redis server on a free port of the loopback interface. If `SYNC_TEST_REDIS_URL` (or `SYNC_TEST_VALKEY_URL`) is set, it
 * returns that server unchanged, and its fault controls reject with an `ExternalServerError`.
 * @throws UnavailableError if no source has the server program
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { flavor = 'redis', config = {}, connection = {} } = options
  const externalUrl = externalRedisUrl(flavor)
  if (externalUrl !== undefined) return externalServer(externalUrl, { flavor, connection })
  return startManagedRedis({ name: flavor, program: await findRedis(flavor), config: async () => config, connection })
}

/** Options of one server that this process starts. */
export interface ManagedRedisOptions {
  readonly name: string
  readonly program: Program
  /** Called again for each retry after a port conflict. */
  readonly config: () => Promise<Readonly<Record<string, string>>>
  readonly connection: RedisConnectionOptions
}

/** Starts a server in a child process, regardless of the environment. */
export function startManagedRedis({ name, program, config, connection }: ManagedRedisOptions): Promise<RedisServer> {
  return retryOnPortConflict(async () => {
    const merged = { ...DEFAULTS, ...(await config()) }
    return startOnPort(await freePort(), { name, program, config: merged, connection })
  })
}

interface StartOptions {
  readonly name: string
  readonly program: Program
  readonly config: Readonly<Record<string, string>>
  readonly connection: RedisConnectionOptions
}

async function startOnPort(port: number, { name, program, config, connection }: StartOptions): Promise<RedisServer> {
  const folder = await createTempDir(name)
  const url = urlOf(port, connection)
  const ports = connection.tls ? { port: '0', 'tls-port': `${port}` } : { port: `${port}` }
  const file = join(folder, 'redis.conf')
  await writeFile(file, toConfigText({ ...config, ...ports, dir: folder }))
  const server = await ServerProcess.start({
    name: `${name} on ${port}`,
    program,
    args: [file],
    folder,
    ready: () => withRedisClient(url, (client) => client.ping(), connection),
  })
  return {
    url,
    port,
    version: program.version,
    source: program.source,
    get running() {
      return server.running
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
    async truncateLog(truncation) {
      if (server.running)
        throw new Error(`${name} on ${port}: expected a stopped server to truncate its log; kill it first`)
      return truncateAppendOnlyLog(folder, truncation)
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await removeDirectory(folder)
    },
  }
}

interface ExternalServerOptions {
  readonly flavor: RedisFlavor
  readonly connection: RedisConnectionOptions
}

function toConfigText(config: Readonly<Record<string, string>>): string {
  return Object.entries(config)
    .map(([name, value]) => `${name} ${value === '' ? '""' : value}\n`)
    .join('')
}

function urlOf(port: number, { username, password, tls }: RedisConnectionOptions): string {
  const url = new URL(`${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`)
  url.username = username ?? ''
  url.password = password ?? ''
  return url.href
}

async function externalServer(url: string, { flavor, connection }: ExternalServerOptions): Promise<RedisServer> {
  const { hostname, port } = new URL(url)
  const info = await withRedisClient(url, (client) => client.info('server'), connection)
  return {
    ...externalServerControls(url),
    url,
    port: Number(port || 6379),
    version: new RegExp(`^${flavor}_version:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown',
    source: `from the environment, at ${hostname}`,
    truncateLog: () => Promise.reject(new ExternalServerError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
