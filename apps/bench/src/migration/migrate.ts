import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@sync/config'
import { counters, FleetInstance, type FleetInstanceOptions, KEYS, PARTITION } from './fleet-instance.ts'
import { type Phase, Recorder } from './recorder.ts'

/** A fleet's store, and the buses that it moves between. */
export interface MigrationPlan {
  readonly store: string
  readonly from: string
  readonly to: string
  /** Stops the old bus's broker, once no instance uses it. */
  readonly stopOldBus?: () => Promise<void>
}

/** Result of a move. */
export interface MigrationResult {
  readonly acknowledged: number
  /** Changes that a change stream did not emit. */
  readonly lost: number
  /** Diverged replicas, failed writes and missing increments. Empty if the move succeeded. */
  readonly problems: readonly string[]
  /** 95th percentile of the time from the start of a write until another instance shows it, in ms. */
  readonly p95: Readonly<Record<Phase, number>>
}

/** Roles by instance name, in the order of restarts. */
const FLEET = { one: 'writer', two: 'writer', three: 'reader' } as const

/** Writes of the whole fleet between two steps. */
const WRITES_PER_STEP = { phase: 500, restart: 60 } as const

/** Timeout of one step, in ms. */
const STEP_TIMEOUT_MS = 15_000

/** Moves a fleet under load from one bus to another by two rolling restarts: first to both buses, then to the new one. */
export async function migrate({ store, from, to, stopOldBus }: MigrationPlan): Promise<MigrationResult> {
  const recorder = new Recorder()
  const fleet = new Map<string, FleetInstance>()
  const startInstance = async (
    options: Pick<FleetInstanceOptions, 'name' | 'role' | 'bus' | 'after'>,
  ): Promise<void> => {
    fleet.set(options.name, await FleetInstance.start({ ...options, store, recorder }))
  }
  const restart = async (bus: FleetInstanceOptions['bus']): Promise<void> => {
    for (const [name, instance] of fleet) {
      await instance.end()
      await startInstance({ name, role: instance.role, bus, after: instance.position })
      await waitForWrites(recorder, WRITES_PER_STEP.restart)
    }
  }
  try {
    for (const [name, role] of Object.entries(FLEET)) await startInstance({ name, role, bus: from })
    await waitForWrites(recorder, WRITES_PER_STEP.phase)
    recorder.phase = 'during'
    await restart([from, to])
    await restart(to)
    recorder.phase = 'after'
    await stopOldBus?.()
    await waitForWrites(recorder, WRITES_PER_STEP.phase)
    await verifyConvergence([...fleet.values()], store, recorder)
  } finally {
    await Promise.all([...fleet.values()].map((instance) => instance.end()))
  }
  const { acknowledged, lost, problems } = recorder
  const p95 = { before: recorder.p95('before'), during: recorder.p95('during'), after: recorder.p95('after') }
  return { acknowledged, lost, problems, p95 }
}

/** Waits for `more` acknowledged writes, and for every stream to emit everything that was acknowledged by then. */
async function waitForWrites(recorder: Recorder, more: number): Promise<void> {
  const goal = recorder.acknowledged + more
  await waitUntil(`${more} more writes`, () => recorder.acknowledged >= goal)
  const { ends } = recorder
  await waitUntil('every stream to emit all acknowledged writes', () => recorder.hasDelivered(ends))
}

/**
 * Ends the load and records a problem unless the store contains every increment, every stream has emitted all of them, and every
 * instance shows the stored values.
 */
async function verifyConvergence(
  instances: readonly FleetInstance[],
  store: string,
  recorder: Recorder,
): Promise<void> {
  await Promise.all(instances.map((instance) => instance.stopWriting()))
  await Promise.all(instances.map((instance) => instance.flush()))
  await using auditor = await connect({ store, bus: 'memory:' })
  const stored = await auditor.collection(counters, { partition: PARTITION }).getMany(KEYS)
  const sum = [...stored.values()].reduce((all, { n }) => all + n, 0)
  if (sum !== recorder.acknowledged)
    recorder.problems.push(`expected ${recorder.acknowledged} acknowledged increments in the store, got ${sum}`)
  await waitUntil('every stream to emit every change', () => recorder.lost === 0).catch(() => {})
  for (const instance of instances) {
    for (const [key, value] of stored) {
      const shown = JSON.stringify(instance.value(key))
      if (shown !== JSON.stringify(value))
        recorder.problems.push(`${instance.name}: expected ${key} to be ${JSON.stringify(value)}, got ${shown}`)
    }
  }
}

async function waitUntil(condition: string, isMet: () => boolean): Promise<void> {
  const until = performance.now() + STEP_TIMEOUT_MS
  while (!isMet()) {
    if (performance.now() > until) throw new Error(`waited ${STEP_TIMEOUT_MS} ms for ${condition}`)
    await pause(5)
  }
}
