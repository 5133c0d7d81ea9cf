import { ArgumentError } from '@sync/core'
import { milliseconds } from '@sync/core/adapter'
import { checkClient, checkTarget, type OpenOptions } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisConnectionOptions, RedisTarget } from '../options.ts'

/** What the URL of a partition may say: how it is reached; all else is said once, for all. */
const PARAMETERS = { client: ['ioredis', 'redis'], cluster: ['true', 'false'], timeout: 'duration' } as const

/** Where a member of a pool lies, or all that is no pool. */
export interface Home extends OpenOptions {
  readonly target: RedisTarget
  readonly url: URL | undefined
}

/** Where what has no home of its own lies, and each partition that has one. */
export interface Homes {
  readonly main: Home
  readonly partitions: ReadonlyMap<string, Home>
}

/**
 * Where everything lies.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the partition whose target is not what it should be
 */
export function homesOf(
  { target, url }: Pick<Home, 'target' | 'url'>,
  options: RedisConnectionOptions & { readonly partitions?: Readonly<Record<string, RedisTarget>> | undefined },
): Homes {
  const main = homeOf({ target, url }, options)
  const partitions = Object.entries(options.partitions ?? {}).map(([partition, own]): [string, Home] => {
    try {
      if (partition === '') throw new ArgumentError('a non-empty name is needed')
      const at = checkTarget(own)
      const said = at ? urlOptions<RedisConnectionOptions>(at, PARAMETERS) : {}
      return [partition, homeOf({ target: own, url: at }, { ...options, ...said })]
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new ArgumentError(`partitions: ${JSON.stringify(partition)}: ${message}`, { cause })
    }
  })
  return { main, partitions: new Map(partitions) }
}

const homeOf = (place: Pick<Home, 'target' | 'url'>, { timeout = '3s', client }: RedisConnectionOptions): Home => ({
  ...place,
  timeout: milliseconds(timeout, 'timeout'),
  client: checkClient(client),
})
