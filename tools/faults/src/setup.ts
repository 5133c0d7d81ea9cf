import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Recovery } from './checker/recovery.ts'
import type { Environment, EnvironmentOptions } from './environment/environment.ts'
import { startInMemoryEnvironment } from './environment/memory.ts'
import { startProcessEnvironment } from './environment/processes.ts'
import { FaultRun } from './fault-run.ts'
import { Observer } from './observer.ts'
import type { Options } from './options.ts'

/** Everything that a run uses. */
export interface RunSetup {
  readonly environment: Environment
  readonly faultRun: FaultRun
  readonly observer: Observer
}

/** Settings of a run that the command chooses. */
export interface RunPlan {
  readonly workload: EnvironmentOptions['workload']
  readonly print: (line: string) => void
}

/** Sets up an environment, passes it to `use`, and tears it down. */
export async function withSetup<R>(
  options: Options,
  { workload, print }: RunPlan,
  use: (setup: RunSetup) => Promise<R>,
): Promise<R> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-faults-'))
  const participants = { writers: names('writer', options.writers), replicas: names('replica', options.replicas) }
  const recovery = new Recovery(participants)
  const observer = new Observer(recovery)
  const { rate, seed, loseTail, bus } = options
  try {
    await using environment = await startEnvironment(bus, {
      ...participants,
      rate,
      seed,
      loseTail,
      workload,
      historyFileOf: (incarnation) => join(folder, `${incarnation}.jsonl`),
      report: (worker, report) => observer.receive(worker, report),
    })
    return await use({ environment, observer, faultRun: new FaultRun({ environment, recovery, observer, print }) })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const names = (role: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${role}-${n + 1}`)

const startEnvironment = async (bus: Options['bus'], options: EnvironmentOptions): Promise<Environment> =>
  bus === 'memory' ? startInMemoryEnvironment(options) : startProcessEnvironment(bus, options)
