import type { SchemeAdapter, SchemeLoader } from './adapter.ts'
import { ConfigError } from './errors.ts'

/** The package for each scheme that is ours: exports its {@link SchemeAdapter} as `adapter`. */
const PACKAGES: Readonly<Record<string, string>> = {
  redis: '@sync/redis',
  rediss: '@sync/redis',
  nats: '@sync/nats',
  kafka: '@sync/kafka',
}

const loaders = new Map<string, SchemeLoader>([['memory', async () => (await import('./memory.ts')).adapter]])

/**
 * Makes URLs of a scheme known to `openSync`, `openStore` and `openBus`. Replaces what was known by that name.
 * @throws ConfigError (`SYNC_CONFIG`) if it is no name of a scheme
 */
export function registerScheme(scheme: string, load: SchemeLoader): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) throw new ConfigError(`"${scheme}" is no name of a URL scheme`)
  loaders.set(scheme, load)
}

/** The adapter for a URL. @throws ConfigError (`SYNC_CONFIG`) if there is none, or its package is not installed */
export async function loadAdapter(url: URL): Promise<SchemeAdapter> {
  const scheme = url.protocol.slice(0, -1)
  const load = loaders.get(scheme)
  if (load) return load()
  const name = PACKAGES[scheme]
  if (name === undefined) {
    const known = [...new Set([...loaders.keys(), ...Object.keys(PACKAGES)])].map((each) => `${each}:`).join(', ')
    throw new ConfigError(`no adapter for ${scheme}: URLs. Known are ${known}; others are added by registerScheme()`)
  }
  return loadPackage(name, scheme)
}

async function loadPackage(name: string, scheme: string): Promise<SchemeAdapter> {
  try {
    return ((await import(name)) as { adapter: SchemeAdapter }).adapter
  } catch (cause) {
    if (!isMissingPackage(cause, name)) throw cause
    throw new ConfigError(`${scheme}: URLs need the package ${name}, which is not installed: npm install ${name}`, {
      cause,
    })
  }
}

const isMissingPackage = (error: unknown, name: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${name}'`)
