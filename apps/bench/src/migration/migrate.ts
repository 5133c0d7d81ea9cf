import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@sync/config'
import { counters, FleetInstance, type FleetInstanceOptions, KEYS, PARTITION } from './fleet-instance.ts'
import { type Phase, Recorder } from './recorder.ts'

/** Where a fleet is, and where it goes. */
export interface MigrationPlan {
  readonly store: string
  readonly from: string
  readonly to: string
  /** Ends what carried the old bus, when nobody is left on it. */
  readonly stopOldBus?: () => Promise<void>
}

/** What came of it. */
export interface MigrationResult {
  readonly acknowledged: number
  /** Changes that a watcher was never told. */
  readonly lost: number
  /** Replicas that differ, writes refused, increments missing: nothing, if all is well. */
  readonly problems: readonly string[]
  /** The 95th percentile from a write begun to shown by another instance, in ms. */
  readonly p95: Readonly<Record<Phase, number>>
}

/** By name; restarted in this order. */
const FLEET = { one: 'writer', two: 'writer', three: 'reader' } as const

/** Writes of the whole fleet between one step and the next. */
const WRITES_PER_STEP = { phase: 500, restart: 60 } as const

/** How long a step may take, in ms. */
const STEP_TIMEOUT_MS = 15_000

/** Moves a fleet under load from one bus to another in two rolling restarts: to both, then to the new one. */
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

/** Until so many more writes were acknowledged, and all that was until then is told everywhere. */
async function waitForWrites(recorder: Recorder, more: number): Promise<void> {
  const goal = recorder.acknowledged + more
  await waitUntil(`${more} more writes`, () => recorder.acknowledged >= goal)
  const { ends } = recorder
  await waitUntil('every instance hears of all that was written', () => recorder.hasDelivered(ends))
}

/** The load ends: every increment is in the store, every stream tells all of it, and every instance shows what is there. */
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
    recorder.problems.push(`${recorder.acknowledged} increments were acknowledged, ${sum} are there`)
  await waitUntil('every stream has told everything', () => recorder.lost === 0).catch(() => {})
  for (const instance of instances) {
    for (const [key, value] of stored) {
      const shown = JSON.stringify(instance.value(key))
      if (shown !== JSON.stringify(value)) recorder.problems.push(`${instance.name}: ${key} is ${shown}`)
    }
  }
}

async function waitUntil(what: string, reached: () => boolean): Promise<void> {
  const until = performance.now() + STEP_TIMEOUT_MS
  while (!reached()) {
    if (performance.now() > until) throw new Error(`${what}: not within ${STEP_TIMEOUT_MS} ms`)
    await pause(5)
  }
}
