import { ArgumentError } from '@sync/core'
import type { RedisTarget } from '../options.ts'
import type { Connection } from './connection.ts'
import { type IoredisClient, IoredisConnection, ownBehaviour } from './ioredis.ts'

/** What a connection is opened with. */
export interface OpenOptions {
  /** Milliseconds of silence, while an answer is due, after which the line is given up. */
  readonly timeout: number
}

/** A connection to where `target` says. A client that was given stays open when it is closed. */
export async function openConnection(target: RedisTarget, { timeout }: OpenOptions): Promise<Connection> {
  if (typeof target === 'string' || target instanceof URL) return openUrl(new URL(target), timeout)
  const client = target as IoredisClient
  if (client.options.keyPrefix) throw new ArgumentError('a client with a keyPrefix: names of keys are made here')
  return new IoredisConnection(client, { timeout, owned: false })
}

async function openUrl(url: URL, timeout: number): Promise<Connection> {
  const { Redis } = await import('ioredis')
  const database = url.pathname.slice(1)
  const client = new Redis({
    ...ownBehaviour(timeout),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 6379),
    ...(database !== '' && { db: Number(database) }),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  })
  return new IoredisConnection(client as unknown as IoredisClient, { timeout, owned: true })
}

/**
 * The URL, if it is one.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong; the URL itself may hold a password, and is not repeated
 */
export function checkTarget(target: RedisTarget): URL | undefined {
  if (typeof target !== 'string' && !(target instanceof URL)) {
    const isClient = typeof target?.call === 'function' && typeof target.duplicate === 'function'
    if (!isClient) throw new ArgumentError('a redis: URL or a client of ioredis is needed')
    return undefined
  }
  const url = URL.canParse(`${target}`) ? new URL(target) : undefined
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:')
    throw new ArgumentError('a URL is needed, such as redis://host:6379')
  if (url.hostname === '') throw new ArgumentError('a host is needed, such as redis://host:6379')
  if (!/^\/?\d*$/.test(url.pathname)) throw new ArgumentError('the path of a redis: URL is the number of a database')
  return url
}
