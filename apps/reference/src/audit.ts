import type { Fleet } from './fleet.ts'
import { hasServiceEnded } from './services/command-error.ts'
import type { Copies } from './services/commands.ts'
import type { ComparisonCounts } from './services/comparison.ts'
import type { ServiceHandle } from './services/handle.ts'

/** One look of the auditor at what the living replicas hold, by the replica's name. Rejects while the store is away. */
export async function audit({ auditor, replicas }: Fleet): Promise<Readonly<Record<string, ComparisonCounts>>> {
  const { keys } = await auditor.execute('sample')
  const held = await Promise.all(replicas.map((replica) => copiesOf(replica, keys)))
  return auditor.execute('judge', { keys, held: Object.assign({}, ...held) })
}

async function copiesOf({ name, execute }: ServiceHandle, keys: readonly string[]): Promise<Record<string, Copies>> {
  try {
    return { [name]: await execute('copies', { keys }) }
  } catch (error) {
    if (hasServiceEnded(error)) return {}
    throw error
  }
}
