import type { Fleet } from './fleet.ts'
import { hasServiceEnded } from './services/command-error.ts'
import type { Copies } from './services/commands.ts'
import type { ComparisonCounts } from './services/comparison.ts'
import type { ServiceHandle } from './services/handle.ts'

/** Compares a sample of the running replicas' documents with the store. Keys are replica names. Rejects while the store is unavailable. */
export async function audit({ auditor, replicas }: Fleet): Promise<Readonly<Record<string, ComparisonCounts>>> {
  const { keys } = await auditor.execute('sample')
  const copies = await Promise.all(replicas.map((replica) => copiesOf(replica, keys)))
  return auditor.execute('compare', { keys, copies: Object.assign({}, ...copies) })
}

async function copiesOf({ name, execute }: ServiceHandle, keys: readonly string[]): Promise<Record<string, Copies>> {
  try {
    return { [name]: await execute('copies', { keys }) }
  } catch (error) {
    if (hasServiceEnded(error)) return {}
    throw error
  }
}
