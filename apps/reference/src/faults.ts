import { setTimeout } from 'node:timers/promises'
import type { EventLog } from './event-log.ts'
import type { Fleet } from './fleet.ts'
import type { RecoveryTimer } from './recovery.ts'
import type { Server } from './servers/server.ts'
import type { Rate } from './services/throttle.ts'

/** What harming the system takes: who is harmed, and who tells of it. */
export interface FaultContext {
  readonly fleet: Fleet
  readonly log: EventLog
  readonly recovery: RecoveryTimer
  readonly signal: AbortSignal
}

const DOWNTIME_MS = 2_000
const FLOOD_MS = 3_000
const LOST_WRITES = 50

/** A server dies at once and comes back after a while. */
export async function killServer(server: Server, { fleet, log, recovery, signal }: FaultContext): Promise<void> {
  log.add(server.name, 'killed', Date.now())
  await server.kill()
  try {
    await setTimeout(DOWNTIME_MS, undefined, { signal })
  } finally {
    await server.restart()
  }
  const since = Date.now()
  log.add(server.name, 'started again', since)
  for (const instance of instancesOf(fleet)) recovery.start(instance, { since })
}

/** The store's server crashes and loses what it committed last. Answers what that was, in words. */
export async function loseTail(
  name: string,
  loseTailOfServer: NonNullable<Server['loseTail']>,
  { fleet, log, recovery }: FaultContext,
): Promise<string> {
  // some notice before it is known what was lost
  log.add(name, 'crashes', Date.now())
  const lost = await loseTailOfServer(LOST_WRITES)
  const since = Date.now()
  log.add(name, `crashed, and came back without its last ${lost}`, since)
  for (const instance of instancesOf(fleet)) recovery.start(instance, { since })
  return lost
}

/** Writes as fast as it goes, then at the pace of before. Answers how many commits that were. */
export async function flood(currentRate: () => Rate, { fleet, log, recovery, signal }: FaultContext): Promise<number> {
  const { ingest } = fleet
  const before = await ingest.execute('where')
  log.add('ingest', `floods the others for ${FLOOD_MS / 1_000} s`, Date.now())
  try {
    await ingest.execute('pace', { rate: 'max' })
    await setTimeout(FLOOD_MS, undefined, { signal })
  } finally {
    await ingest.execute('pace', { rate: currentRate() })
  }
  const at = await ingest.execute('where')
  const since = Date.now()
  const commits = at.epoch === before.epoch ? at.sequence - before.sequence : 0
  log.add('ingest', `the flood is over: ${commits} commits`, since)
  for (const replica of fleet.replicas) recovery.start(replica, { since, at })
  return commits
}

const instancesOf = ({ ingest, replicas }: Fleet): Fleet['replicas'] => [ingest, ...replicas]
