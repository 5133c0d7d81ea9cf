import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Failure, SeedRange } from './first-failure.ts'

/** Number of seeds that a thread takes at a time. */
const SEEDS_PER_TASK = 50
/** Objects live as long as their schedule. A young generation with room for many schedules is rarely copied. */
const YOUNG_MIB = 192

/** Returns the first failing schedule, searched by several threads. Each takes the next seeds when it has finished. */
export async function firstFailureInParallel(
  threads: number,
  { from, seeds }: SeedRange,
  onPassed: (seeds: number) => void,
): Promise<Failure | undefined> {
  const end = from + seeds
  const failures: Failure[] = []
  let next = from
  const work = async (): Promise<void> => {
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    try {
      while (next < end && failures.length === 0) {
        const range: SeedRange = { from: next, seeds: Math.min(SEEDS_PER_TASK, end - next) }
        next += range.seeds
        worker.postMessage(range)
        const [failure] = (await once(worker, 'message')) as [Failure | null]
        if (failure) failures.push(failure)
        else onPassed(range.seeds)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: threads }, work))
  return failures.sort((a, b) => a.plan.seed - b.plan.seed)[0]
}
