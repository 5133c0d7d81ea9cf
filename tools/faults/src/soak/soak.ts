import { setTimeout as sleep } from 'node:timers/promises'
import type { CheckResult } from '../checker/checker.ts'
import type { Worker } from '../environment/environment.ts'
import type { Options } from '../options.ts'
import { withSetup } from '../setup.ts'
import { now } from '../workload/clock.ts'
import type { Memory } from '../workload/messages.ts'
import { type Bound, type Growth, growthOf, type Sample } from './growth.ts'

/** Samples of one measure of one process. */
export interface Series {
  readonly name: string
  readonly measure: keyof Memory
  /** Samples taken after the warm-up. */
  readonly samples: readonly Sample[]
  readonly growth: Growth
}

/** Result of a soak. */
export interface SoakResult {
  readonly verdict: CheckResult
  readonly series: readonly Series[]
  readonly problems: readonly string[]
}

const SAMPLE_INTERVAL_MS = 1_000
/** Time to fill caches, logs and buffers and to compile the code. The longer of the share and the minimum applies. */
const WARM_UP = { share: 0.4, atLeastMs: 60_000 } as const
const MIB = 1_048_576

/** The resident size has the widest bound, because it changes in large steps and is released late. */
const BOUNDS: Readonly<Record<keyof Memory, Bound>> = {
  heap: { absolute: MIB / 2, share: 0.02 },
  rss: { absolute: 12 * MIB, share: 0.1 },
  resources: { absolute: 3, share: 0.1 },
}

/** Runs a steady load without faults. Measures the memory and resources of every process, and its leaks after close. */
export const soak = (options: Options, print: (line: string) => void): Promise<SoakResult> =>
  withSetup(options, { workload: 'steady', print }, async ({ environment, faultRun, observer }) => {
    await faultRun.start()
    const start = now()
    const end = start + options.minutes * 60_000
    const samplesByName = new Map<string, { at: number; memory: Memory }[]>(
      environment.workers.map(({ name }) => [name, []]),
    )
    while (now() < end) {
      await sleep(SAMPLE_INTERVAL_MS)
      for (const worker of environment.workers)
        samplesByName.get(worker.name)?.push({ at: now() - start, memory: await memoryOf(worker) })
    }
    const warmUpMs = Math.max((end - start) * WARM_UP.share, WARM_UP.atLeastMs)
    const series = [...samplesByName].flatMap(([name, all]) =>
      (Object.keys(BOUNDS) as (keyof Memory)[]).map((measure): Series => {
        const samples = all.filter(({ at }) => at >= warmUpMs).map(({ at, memory }) => ({ at, value: memory[measure] }))
        return { name, measure, samples, growth: growthOf(samples, BOUNDS[measure]) }
      }),
    )
    const verdict = await faultRun.verify()
    return { verdict, series, problems: [...faultRun.problems, ...observer.problems] }
  })

async function memoryOf(worker: Worker): Promise<Memory> {
  const answer = await worker.request({ ask: 'memory' })
  if (answer.answer !== 'memory') throw new Error(`expected the answer "memory", got "${answer.answer}"`)
  return answer.memory
}
