import type { SchemeAdapter, SchemeLoader } from './adapter.ts'
import { ConfigError } from './errors.ts'

/** Packages of the built-in schemes. Each exports its {@link SchemeAdapter} as `adapter`. */
const PACKAGES: Readonly<Record<string, string>> = {
  redis: '@sync/redis',
  rediss: '@sync/redis',
  nats: '@sync/nats',
  kafka: '@sync/kafka',
}

const loaders = new Map<string, SchemeLoader>([['memory', async () => (await import('./memory.ts')).adapter]])

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
  const name = PACKAGES[scheme]
  if (name === undefined) {
    const known = [...new Set([...loaders.keys(), ...Object.keys(PACKAGES)])].map((name) => `${name}:`).join(', ')
    throw new ConfigError(`no adapter for ${scheme}: URLs; expected one of ${known}, or a call of registerScheme()`)
  }
  return loadPackage(name, scheme)
}

async function loadPackage(name: string, scheme: string): Promise<SchemeAdapter> {
  try {
    return ((await import(name)) as { adapter: SchemeAdapter }).adapter
  } catch (cause) {
    if (!isMissingPackage(cause, name)) throw cause
    throw new ConfigError(`${scheme}: the package ${name} is not installed; run npm install ${name}`, { cause })
  }
}

const isMissingPackage = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${name}'`)
