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

/** What kind of Redis server. */
export interface RedisOptions {
  /** @default 'redis' */
  readonly flavor?: RedisFlavor
  /**
   * Directives as in redis.conf: `{ 'maxmemory-policy': 'allkeys-lru' }`.
   * Without: an append-only log that a killed process loses nothing of, no snapshots, no eviction.
   */
  readonly config?: Readonly<Record<string, string>>
  /** What the configuration asks of clients; user and password become part of the URL, with `tls` it is a `rediss:` one. */
  readonly connection?: RedisConnectionOptions
}

/** A Redis server. Data and server go when it is disposed of, or when this process ends. */
export interface RedisServer extends ServerControls, AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly version: string
  /** Where its program came from, for people. */
  readonly source: string
  /** Loses the end of the append-only log, while the server is down. Answers how many bytes went. */
  truncateLog(cut: LogTruncation): Promise<number>
}

const DEFAULTS: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  // A kill loses nothing that was answered. With `everysec` it can: while a sync is slow, writes wait in the server's memory.
  appendfsync: 'no',
  // One log file, which `cutLog` shortens.
  'auto-aof-rewrite-percentage': '0',
  bind: '127.0.0.1',
  'enable-debug-command': 'yes',
  'maxmemory-policy': 'noeviction',
  'protected-mode': 'no',
  'repl-diskless-sync-delay': '0',
  save: '',
}

/**
 * Starts a Redis server on a free port of the loopback interface. Where the environment gives a URL it is that server, as it
 * is: its hooks reject with a `NotOursError`. Throws an `UnavailableError` if there is none.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { flavor = 'redis', config = {}, connection = {} } = options
  const externalUrl = externalRedisUrl(flavor)
  if (externalUrl !== undefined) return externalServer(externalUrl, { flavor, connection })
  return startManagedRedis({ name: flavor, program: await findRedis(flavor), config: async () => config, connection })
}

/** What one server of ours is started with. */
export interface ManagedRedisOptions {
  readonly name: string
  readonly program: Program
  /** Asked anew where a port was taken. */
  readonly config: () => Promise<Readonly<Record<string, string>>>
  readonly connection: RedisConnectionOptions
}

/** Starts a server of ours, whatever the environment gives. */
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
    async truncateLog(cut) {
      if (server.running) throw new Error('the log is cut while the server is down: kill it first')
      return truncateAppendOnlyLog(folder, cut)
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
    source: `given by the environment, at ${hostname}`,
    truncateLog: () => Promise.reject(new ExternalServerError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
