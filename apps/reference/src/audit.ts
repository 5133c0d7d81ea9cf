import type { Fleet } from './fleet.ts'
import type { Handle } from './services/handle.ts'
import { isGone } from './services/order-error.ts'
import type { Copies } from './services/orders.ts'
import type { Tally } from './services/verdict.ts'

/** One look of the auditor at what the living replicas hold, by the replica's name. Rejects while the store is away. */
export async function audit({ auditor, replicas }: Fleet): Promise<Readonly<Record<string, Tally>>> {
  const { keys } = await auditor.ask('sample')
  const held = await Promise.all(replicas.map((replica) => copiesOf(replica, keys)))
  return auditor.ask('judge', { keys, held: Object.assign({}, ...held) })
}

async function copiesOf({ name, ask }: Handle, keys: readonly string[]): Promise<Record<string, Copies>> {
  try {
    return { [name]: await ask('copies', { keys }) }
  } catch (error) {
    if (isGone(error)) return {}
    throw error
  }
}
