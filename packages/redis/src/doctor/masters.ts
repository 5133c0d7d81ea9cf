import type { Connection } from '../connection/connection.ts'
import { slotTags } from '../slots.ts'

/** Sends a command to one server. */
export type Send = (...command: readonly [name: string, ...args: string[]]) => Promise<unknown>

const CALL_SCRIPT = 'return redis.call(unpack(ARGV))'

/**
 * Returns a function per master of a cluster that sends it a command, or one for a single server. In a cluster, only a command of a
 * script is certain to reach a given master: the script's key routes it.
 */
export async function masters(connection: Connection): Promise<readonly Send[]> {
  if (!connection.layout.cluster) return [(...command) => connection.send(command)]
  const ranges = (await connection.send(['CLUSTER', 'SLOTS'])) as readonly [number, number, readonly [...string[]]][]
  const slotByMaster = new Map(ranges.map(([first, , node]) => [`${node[2]}`, Number(first)]))
  return [...slotByMaster.values()].map((slot) => {
    const key = `{${slotTags()[slot]}}`
    return (...command) => connection.send(['EVAL', CALL_SCRIPT, '1', key, ...command], key)
  })
}
