import { ArgumentError } from '@sync/core'
import { parseDuration } from '@sync/core/adapter'
import type { RedisConnectionOptions, RedisTarget } from '../options.ts'
import { type ConnectOptions, parseClientName, parseTargetUrl } from './open.ts'
import { parseUrlOptions } from './url-options.ts'

/** What the URL of a partition may say: how it is reached; all else is said once, for all. */
const URL_PARAMETERS = { client: ['ioredis', 'redis'], cluster: ['true', 'false'], timeout: 'duration' } as const

/** Where a member of a pool lies, or all that is no pool. */
export interface PartitionTarget extends ConnectOptions {
  readonly target: RedisTarget
  readonly url: URL | undefined
}

/** Where what has no home of its own lies, and each partition that has one. */
export interface PartitionTargets {
  readonly main: PartitionTarget
  readonly partitions: ReadonlyMap<string, PartitionTarget>
}

/**
 * Where everything lies.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the partition whose target is not what it should be
 */
export function resolvePartitionTargets(
  { target, url }: Pick<PartitionTarget, 'target' | 'url'>,
  options: RedisConnectionOptions & { readonly partitions?: Readonly<Record<string, RedisTarget>> | undefined },
): PartitionTargets {
  const main = resolvePartitionTarget({ target, url }, options)
  const partitions = Object.entries(options.partitions ?? {}).map(([partition, own]): [string, PartitionTarget] => {
    try {
      if (partition === '') throw new ArgumentError('a non-empty name is needed')
      const ownUrl = parseTargetUrl(own)
      const ownOptions = ownUrl ? parseUrlOptions<RedisConnectionOptions>(ownUrl, URL_PARAMETERS) : {}
      return [partition, resolvePartitionTarget({ target: own, url: ownUrl }, { ...options, ...ownOptions })]
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new ArgumentError(`partitions: ${JSON.stringify(partition)}: ${message}`, { cause })
    }
  })
  return { main, partitions: new Map(partitions) }
}

const resolvePartitionTarget = (
  location: Pick<PartitionTarget, 'target' | 'url'>,
  { timeout = '3s', client }: RedisConnectionOptions,
): PartitionTarget => ({
  ...location,
  timeout: parseDuration(timeout, 'timeout'),
  client: parseClientName(client),
})
