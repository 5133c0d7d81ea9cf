import type { Fleet } from './fleet.ts'
import type { Catalogue } from './servers/catalogue.ts'
import type { Backend } from './servers/server.ts'

/** The system's current store and bus, those that it can move to, and the servers that can be killed, by name. */
export interface AvailableTargets {
  readonly hosting: Fleet['hosting']
  readonly store: string
  readonly bus: string
  readonly stores: readonly string[]
  readonly buses: readonly string[]
  /** Servers that can be killed. */
  readonly servers: readonly string[]
  /** Whether the store can simulate the loss of its latest commits. */
  readonly canLoseTail: boolean
}

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
    canLoseTail: catalogue.serverOf(store)?.loseTail !== undefined,
  }
}

/** Returns the buses that the system can use. A bus in this process's memory does not reach other processes. */
export const availableBuses = ({ buses }: Catalogue, { hosting }: Fleet): readonly Backend[] =>
  hosting === 'one process' ? buses : buses.filter(({ url }) => !url.startsWith('memory:'))
