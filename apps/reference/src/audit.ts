import type { Fleet } from './fleet.ts'
import type { Tally } from './services/verdict.ts'

/** One look of the auditor at what the replicas hold, by the replica's name. Rejects while the store is away. */
export async function audit({ auditor, replicas }: Fleet): Promise<Readonly<Record<string, Tally>>> {
  const { keys } = await auditor.ask('sample')
  const held = await Promise.all(replicas.map(async ({ name, ask }) => [name, await ask('copies', { keys })] as const))
  return auditor.ask('judge', { keys, held: Object.fromEntries(held) })
}
