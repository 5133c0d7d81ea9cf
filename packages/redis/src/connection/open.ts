import { ArgumentError } from '@sync/core'
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

/** What a connection is opened with. */
export interface ConnectOptions {
  /** Milliseconds of silence, while an answer is due, after which the line is given up. */
  readonly timeout: number
  /** Which client opens a URL. */
  readonly client: 'ioredis' | 'redis'
}

/** A connection to where `target` says. A client that was given stays open when it is closed. */
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
  if (ioredis.options.keyPrefix) throw new ArgumentError('a client with a keyPrefix: names of keys are made here')
  if ('nodes' in ioredis) return new IoredisClusterConnection(ioredis, { timeout, owned: false, address: 'a cluster' })
  return new IoredisConnection(ioredis, { timeout, owned: false })
}

async function openIoredis(url: URL, timeout: number): Promise<Connection> {
  const { Redis } = await importPeer(() => import('ioredis'), 'ioredis')
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
  const { Cluster } = await importPeer(() => import('ioredis'), 'ioredis')
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
  const { createClient } = await importPeer(() => import('redis'), 'redis')
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
  const { createCluster } = await importPeer(() => import('redis'), 'redis')
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

async function importPeer<T>(importing: () => Promise<T>, name: string): Promise<T> {
  try {
    return await importing()
  } catch (cause) {
    throw new ArgumentError(`the package ${name} is needed, and not installed: npm install ${name}`, { cause })
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError('user and password of a URL have to be percent-encoded', { cause })
  }
}

/** What a URL says, an empty text where it says nothing. */
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

/** The nodes that a URL of a cluster names, and how people are told of them. */
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
 * The URL, if it is one.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong; the URL itself may hold a password, and is not repeated
 */
export function parseTargetUrl(target: RedisTarget): URL | undefined {
  if (typeof target === 'object' && target !== null && !(target instanceof URL)) {
    if (isNodeRedisCluster(target) || isNodeRedis(target) || isIoredis(target)) return undefined
    throw new ArgumentError('a redis: URL, or a client of ioredis or node-redis, is needed')
  }
  const url = URL.canParse(`${target}`) ? new URL(target) : undefined
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:')
    throw new ArgumentError('a URL is needed, such as redis://host:6379')
  if (url.hostname === '') throw new ArgumentError('a host is needed, such as redis://host:6379')
  if (!/^\/?\d*$/.test(url.pathname)) throw new ArgumentError('the path of a redis: URL is the number of a database')
  for (const text of [url.username, url.password]) decode(text)
  if (isClusterUrl(url) && !/^\/?0*$/.test(url.pathname))
    throw new ArgumentError('a Redis Cluster has database 0 alone')
  return url
}

/** @throws ArgumentError (`SYNC_ARGUMENT`) unless it is the name of a client, or nothing */
export function parseClientName(client: string | undefined): 'ioredis' | 'redis' {
  if (client === undefined || client === 'ioredis') return 'ioredis'
  if (client === 'redis') return client
  throw new ArgumentError(`client: 'ioredis' or 'redis' is needed, not ${JSON.stringify(client)}`)
}
