import type { Fleet } from './fleet.ts'
import type { Catalogue } from './servers/catalogue.ts'
import type { Backend } from './servers/server.ts'

/** Where the system runs, where else it may, and which servers can be harmed; by the names of the places. */
export interface AvailableTargets {
  readonly hosting: Fleet['hosting']
  readonly store: string
  readonly bus: string
  readonly stores: readonly string[]
  readonly buses: readonly string[]
  /** Servers that can be killed. */
  readonly servers: readonly string[]
  /** Can the store lose its tail? */
  readonly tail: boolean
}

/** What the page offers. */
export function availableTargets(
  catalogue: Catalogue,
  current: { readonly store: Backend; readonly bus: Backend; readonly fleet: Fleet },
): AvailableTargets {
  const { store, bus, fleet } = current
  const servers = [store, bus].flatMap((backend) => catalogue.serverOf(backend)?.name ?? [])
  return {
    hosting: fleet.hosting,
    store: store.name,
    bus: bus.name,
    stores: catalogue.stores.map(({ name }) => name),
    buses: availableBuses(catalogue, fleet).map(({ name }) => name),
    servers: [...new Set(servers)],
    tail: catalogue.serverOf(store)?.loseTail !== undefined,
  }
}

/** What lives in one process's memory carries nothing to other processes. */
export const availableBuses = ({ buses }: Catalogue, { hosting }: Fleet): readonly Backend[] =>
  hosting === 'one process' ? buses : buses.filter(({ url }) => !url.startsWith('memory:'))
