import { ArgumentError } from '@sync/core'
import { assertPasswordEncoded, describeImportFailure } from '@sync/core/adapter'
import type { RedisTarget } from '../options.ts'
import type { Connection } from './connection.ts'
import { type IoredisClient, IoredisConnection, ownedClientOptions } from './ioredis.ts'
import {
  type IoredisCluster,
  IoredisClusterConnection,
  ownedClusterOptions,
  ownedNodeOptions,
} from './ioredis-cluster.ts'
import { type NodeRedisClient, NodeRedisConnection, ownedNodeRedisOptions } from './node-redis.ts'
import {
  type NodeRedisCluster,
  NodeRedisClusterConnection,
  ownedNodeRedisClusterOptions,
} from './node-redis-cluster.ts'

/** Options of a connection. */
export interface ConnectOptions {
  /** Reply timeout, in ms. */
  readonly timeout: number
  /** Package that connects to a URL. */
  readonly client: 'ioredis' | 'redis'
}

/** Opens a connection to `target`. If the target is a client, closing the connection leaves the client open. */
export async function openConnection(target: RedisTarget, { timeout, client }: ConnectOptions): Promise<Connection> {
  if (typeof target === 'string' || target instanceof URL) {
    const url = new URL(target)
    if (client === 'redis') return isClusterUrl(url) ? openNodeRedisCluster(url, timeout) : openNodeRedis(url, timeout)
    return isClusterUrl(url) ? openIoredisCluster(url, timeout) : openIoredis(url, timeout)
  }
  if (isNodeRedisCluster(target))
    return new NodeRedisClusterConnection(target, { timeout, owned: false, address: 'a cluster' })
  if (isNodeRedis(target)) return new NodeRedisConnection(target, { timeout, owned: false })
  const ioredis = target as unknown as IoredisClient | IoredisCluster
  if (ioredis.options.keyPrefix) throw new ArgumentError('target: expected an ioredis client without `keyPrefix`')
  if ('nodes' in ioredis) return new IoredisClusterConnection(ioredis, { timeout, owned: false, address: 'a cluster' })
  return new IoredisConnection(ioredis, { timeout, owned: false })
}

async function openIoredis(url: URL, timeout: number): Promise<Connection> {
  const { Redis } = await importIoredis()
  const { host, port, db, username, password, tls } = parseUrl(url)
  const client = new Redis({
    ...ownedClientOptions(timeout),
    host,
    port,
    db,
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(tls && { tls: {} }),
  })
  return new IoredisConnection(client as unknown as IoredisClient, { timeout, owned: true })
}

async function openIoredisCluster(url: URL, timeout: number): Promise<Connection> {
  const { Cluster } = await importIoredis()
  const { username, password, tls } = parseUrl(url)
  const { nodes, address } = parseClusterUrl(url)
  const client = new Cluster([...nodes], {
    ...ownedClusterOptions(timeout),
    redisOptions: {
      ...ownedNodeOptions(timeout),
      ...(username !== '' && { username }),
      ...(password !== '' && { password }),
      ...(tls && { tls: {} }),
    },
  })
  return new IoredisClusterConnection(client as unknown as IoredisCluster, { timeout, owned: true, address })
}

async function openNodeRedis(url: URL, timeout: number): Promise<Connection> {
  const { createClient } = await importNodeRedis()
  const { host, port, db, username, password, tls } = parseUrl(url)
  const client = createClient({
    ...ownedNodeRedisOptions(timeout, { host, port, ...(tls && { tls: true }) }),
    database: db,
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  })
  return new NodeRedisConnection(client as unknown as NodeRedisClient, { timeout, owned: true })
}

async function openNodeRedisCluster(url: URL, timeout: number): Promise<Connection> {
  const { createCluster } = await importNodeRedis()
  const { username, password, tls } = parseUrl(url)
  const { nodes, address } = parseClusterUrl(url)
  const client = createCluster({
    rootNodes: nodes.map((node) => ({ socket: node })),
    ...ownedNodeRedisClusterOptions(timeout, {
      ...(username !== '' && { username }),
      ...(password !== '' && { password }),
      socket: tls ? { tls: true } : {},
    }),
  })
  return new NodeRedisClusterConnection(client as unknown as NodeRedisCluster, { timeout, owned: true, address })
}

// Each import has a `try` around itself: bundlers then accept that one of the two packages is missing.

async function importIoredis(): Promise<Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>> {
  try {
    return await import('ioredis')
  } catch (cause) {
    throw new ArgumentError(`client: ${describeImportFailure('ioredis', cause)}`, { cause })
  }
}

async function importNodeRedis(): Promise<typeof import('redis')> {
  try {
    return await import('redis')
  } catch (cause) {
    throw new ArgumentError(`client: ${describeImportFailure('redis', cause)}`, { cause })
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError('target: expected user and password of the URL to be percent-encoded', { cause })
  }
}

/** Splits a URL. Absent parts are empty strings or defaults. */
function parseUrl(url: URL) {
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1)),
    username: decode(url.username),
    password: decode(url.password),
    tls: url.protocol === 'rediss:',
  }
}

/** Returns the nodes in a cluster's URL, and their address for messages. */
function parseClusterUrl(url: URL) {
  const { host, port } = parseUrl(url)
  const nodes = host.split(',').map((each) => ({ host: each, port }))
  return { nodes, address: nodes.map((node) => `${node.host}:${port}`).join(', ') }
}

const isNodeRedisCluster = (target: object): target is NodeRedisCluster =>
  'masters' in target && 'nodeByAddress' in target && 'sendCommand' in target

const isNodeRedis = (target: object): target is NodeRedisClient =>
  'sendCommand' in target && 'isReady' in target && 'duplicate' in target

const isIoredis = (target: object): boolean => 'call' in target && 'status' in target && 'duplicate' in target

const isClusterUrl = (url: URL): boolean => url.searchParams.get('cluster') === 'true'

/**
 * Validates a target. Returns its URL, or `undefined` if it is a client.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the invalid part; the message omits the URL, which may contain a password
 */
export function parseTargetUrl(target: RedisTarget): URL | undefined {
  if (typeof target === 'object' && target !== null && !(target instanceof URL)) {
    if (isNodeRedisCluster(target) || isNodeRedis(target) || isIoredis(target)) return undefined
    throw new ArgumentError('target: expected a redis: URL, or a client of ioredis or node-redis')
  }
  assertPasswordEncoded(`${target}`)
  const url = URL.canParse(`${target}`) ? new URL(target) : undefined
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:')
    throw new ArgumentError('target: expected a URL such as redis://host:6379')
  if (url.hostname === '') throw new ArgumentError('target: expected a URL with a host, such as redis://host:6379')
  if (!/^\/?\d*$/.test(url.pathname))
    throw new ArgumentError('target: expected the path of the URL to be a database number')
  for (const text of [url.username, url.password]) decode(text)
  if (isClusterUrl(url) && !/^\/?0*$/.test(url.pathname))
    throw new ArgumentError('target: a Redis Cluster has only database 0')
  return url
}

/**
 * Validates the `client` option; `undefined` means `ioredis`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for any other value
 */
export function parseClientName(client: string | undefined): 'ioredis' | 'redis' {
  if (client === undefined || client === 'ioredis') return 'ioredis'
  if (client === 'redis') return client
  throw new ArgumentError(`client: expected 'ioredis' or 'redis', got ${JSON.stringify(client)}`)
}
