import { describeImportFailure } from '@sync/core/adapter'
import type { SchemeAdapter, SchemeLoader } from './adapter.ts'
import { ConfigError } from './errors.ts'

/**
 * Loaders of the built-in schemes. Each import names its package and has a `try` around itself: a bundler then includes the package
 * if it is installed, and accepts that it is not.
 */
const BUILT_IN: Readonly<Record<string, SchemeLoader>> = {
  memory: async () => (await import('./memory.ts')).adapter,
  redis: importRedis,
  rediss: importRedis,
  nats: async () => {
    try {
      return (await import('@sync/nats')).adapter
    } catch (cause) {
      throw importError('nats', '@sync/nats', cause)
    }
  },
  kafka: async () => {
    try {
      return (await import('@sync/kafka')).adapter
    } catch (cause) {
      throw importError('kafka', '@sync/kafka', cause)
    }
  },
}

async function importRedis(): Promise<SchemeAdapter> {
  try {
    return (await import('@sync/redis')).adapter
  } catch (cause) {
    throw importError('redis', '@sync/redis', cause)
  }
}

const loaders = new Map<string, SchemeLoader>(Object.entries(BUILT_IN))

/**
 * Registers a URL scheme for `connect`, `openStore` and `openBus`. Replaces an earlier registration of the scheme.
 * @param scheme lower case and without a colon, such as `mine`
 * @throws ConfigError (`SYNC_CONFIG`) if `scheme` is not a valid name of a scheme
 */
export function registerScheme(scheme: string, load: SchemeLoader): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme))
    throw new ConfigError(`scheme: expected a URL scheme such as "redis", got ${JSON.stringify(scheme)}`)
  loaders.set(scheme, load)
}

/** Loads the adapter for a URL. @throws ConfigError (`SYNC_CONFIG`) if the scheme is unknown, or its package is not installed */
export async function loadAdapter(url: URL): Promise<SchemeAdapter> {
  const scheme = url.protocol.slice(0, -1)
  const load = loaders.get(scheme)
  if (load) return load()
  const known = [...loaders.keys()].map((name) => `${name}:`).join(', ')
  throw new ConfigError(`no adapter for ${scheme}: URLs; expected one of ${known}, or a call of registerScheme()`)
}

function importError(scheme: string, name: string, cause: unknown): ConfigError {
  const hint = `; in a bundle without it, call registerScheme('${scheme}', …)`
  return new ConfigError(`${scheme}: ${describeImportFailure(name, cause)}${hint}`, { cause })
}
