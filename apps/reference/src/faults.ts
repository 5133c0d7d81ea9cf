import { setTimeout } from 'node:timers/promises'
import type { EventLog } from '@sync/admin/parts'
import type { Fleet } from './fleet.ts'
import type { RecoveryTimer } from './recovery.ts'
import type { Server } from './servers/server.ts'
import type { Rate } from './services/throttle.ts'

/** Collaborators of the fault functions. */
export interface FaultContext {
  readonly fleet: Fleet
  readonly log: EventLog
  readonly recovery: RecoveryTimer
  readonly signal: AbortSignal
}

const DOWNTIME_MS = 2_000
const FLOOD_MS = 3_000
const LOST_WRITES = 50

/** Kills a server, and restarts it after 2 s. */
export async function killServer(server: Server, { fleet, log, recovery, signal }: FaultContext): Promise<void> {
  log.add(server.name, 'killed', Date.now())
  await server.kill()
  try {
    await setTimeout(DOWNTIME_MS, undefined, { signal })
  } finally {
    await server.restart()
  }
  const since = Date.now()
  log.add(server.name, 'restarted', since)
  for (const instance of instancesOf(fleet)) recovery.start(instance, { since })
}

/** Crashes the store's server so that it loses its latest commits. Returns a description of the loss. */
export async function loseTail(
  name: string,
  loseTailOfServer: NonNullable<Server['loseTail']>,
  { fleet, log, recovery }: FaultContext,
): Promise<string> {
  // some instances notice the crash before the loss is known
  log.add(name, 'crashing', Date.now())
  const lost = await loseTailOfServer(LOST_WRITES)
  const since = Date.now()
  log.add(name, `crashed and lost its last ${lost}`, since)
  for (const instance of instancesOf(fleet)) recovery.start(instance, { since })
  return lost
}

/** Writes as fast as possible for 3 s, then at the previous rate. Returns the number of commits. */
export async function flood(currentRate: () => Rate, { fleet, log, recovery, signal }: FaultContext): Promise<number> {
  const { ingest } = fleet
  const before = await ingest.execute('progress')
  log.add('ingest', `flooding the replicas for ${FLOOD_MS / 1_000} s`, Date.now())
  try {
    await ingest.execute('setRate', { rate: 'max' })
    await setTimeout(FLOOD_MS, undefined, { signal })
  } finally {
    await ingest.execute('setRate', { rate: currentRate() })
  }
  const after = await ingest.execute('progress')
  const since = Date.now()
  const commits = after.epoch === before.epoch ? after.sequence - before.sequence : 0
  log.add('ingest', `flood ended: ${commits} commits`, since)
  for (const replica of fleet.replicas) recovery.start(replica, { since, at: after })
  return commits
}

const instancesOf = ({ ingest, replicas }: Fleet): Fleet['replicas'] => [ingest, ...replicas]
