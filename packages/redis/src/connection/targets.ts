import { ArgumentError } from '@sync/core'
import { messageOf, parseDuration } from '@sync/core/adapter'
import type { RedisConnectionOptions, RedisTarget } from '../options.ts'
import { type ConnectOptions, parseClientName, parseTargetUrl } from './open.ts'
import { parseUrlOptions } from './url-options.ts'

/** Parameters of a partition's URL: only how to connect. All other options are given once, for all partitions. */
const URL_PARAMETERS = { client: ['ioredis', 'redis'], cluster: ['true', 'false'], timeout: 'duration' } as const

/** The server or cluster of one or more partitions. */
export interface PartitionTarget extends ConnectOptions {
  readonly target: RedisTarget
  readonly url: URL | undefined
}

/** The targets of all partitions. */
export interface PartitionTargets {
  /** Target of every partition without one of its own. */
  readonly main: PartitionTarget
  readonly partitions: ReadonlyMap<string, PartitionTarget>
}

/**
 * Resolves and validates all targets.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the partition with an invalid target
 */
export function resolvePartitionTargets(
  { target, url }: Pick<PartitionTarget, 'target' | 'url'>,
  options: RedisConnectionOptions & { readonly partitions?: Readonly<Record<string, RedisTarget>> | undefined },
): PartitionTargets {
  const main = resolvePartitionTarget({ target, url }, options)
  const partitions = Object.entries(options.partitions ?? {}).map(
    ([partition, ownTarget]): [string, PartitionTarget] => {
      try {
        if (partition === '') throw new ArgumentError('expected a non-empty name')
        const ownUrl = parseTargetUrl(ownTarget)
        const ownOptions = ownUrl ? parseUrlOptions<RedisConnectionOptions>(ownUrl, URL_PARAMETERS) : {}
        return [partition, resolvePartitionTarget({ target: ownTarget, url: ownUrl }, { ...options, ...ownOptions })]
      } catch (cause) {
        const message = messageOf(cause)
        throw new ArgumentError(`partition ${JSON.stringify(partition)}: ${message}`, { cause })
      }
    },
  )
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
