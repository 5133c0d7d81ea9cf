import { URL_PARAMETERS as BUS_PARAMETERS } from '../bus/target.ts'
import type { Connection } from '../connection/connection.ts'
import { openConnection, parseTargetUrl } from '../connection/open.ts'
import { type PartitionTarget, resolvePartitionTargets } from '../connection/targets.ts'
import { parseUrlOptions } from '../connection/url-options.ts'
import type { RedisBusOptions, RedisStoreOptions } from '../options.ts'
import { URL_PARAMETERS as STORE_PARAMETERS } from '../store/target.ts'

/** Options of a URL, which may be that of a store or of a bus. */
export type UrlOptions = RedisStoreOptions & RedisBusOptions

/** Parses the options of a URL. @throws ArgumentError (`SYNC_ARGUMENT`) if a parameter is neither a store's nor a bus's */
export const urlOptions = (url: URL): UrlOptions =>
  parseUrlOptions<UrlOptions>(url, { ...STORE_PARAMETERS, ...BUS_PARAMETERS })

/** Returns the server of the URL and those of its partitions, without repeats. */
export function targetsOf(url: URL): readonly PartitionTarget[] {
  const { main, partitions } = resolvePartitionTargets({ target: url, url: parseTargetUrl(url) }, urlOptions(url))
  return [...new Map([main, ...partitions.values()].map((each) => [`${each.target}`, each])).values()]
}

/** Opens a connection, runs `work` and closes the connection. */
export async function* withConnection<T>(
  target: PartitionTarget,
  work: (connection: Connection) => AsyncIterable<T>,
): AsyncGenerator<T, undefined> {
  const connection = await openConnection(target.target, target)
  try {
    yield* work(connection)
  } finally {
    await connection.close()
  }
}
