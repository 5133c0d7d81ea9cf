import type { CheckResult } from './checker/checker.ts'
import type { Options } from './options.ts'
import { schedule } from './schedule/schedule.ts'
import { withSetup } from './setup.ts'

/** Result of a run. */
export interface RunResult {
  readonly verdict: CheckResult
  /** Recovery times in milliseconds, by kind of fault. */
  readonly recoveryTimes: ReadonlyMap<string, readonly number[]>
  /** Violations besides the verdict: a slow recovery, an invalid change in a stream, a process that did not exit. */
  readonly problems: readonly string[]
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly epochs: number
}

/** Injects faults for the requested time, ends all faults, and checks the result. */
export const run = (options: Options, print: (line: string) => void): Promise<RunResult> =>
  withSetup(options, { workload: 'all', print }, async ({ environment, faultRun, observer }) => {
    await faultRun.start()
    await faultRun.injectFaults(schedule(options.seed, environment.faultKinds), options.minutes * 60_000)
    const verdict = await faultRun.verify()
    return {
      verdict,
      recoveryTimes: faultRun.recoveryTimes,
      problems: [...faultRun.problems, ...observer.problems],
      gaps: observer.sum(({ gaps }) => gaps),
      repairs: observer.sum(({ repairs }) => repairs),
      reloads: observer.sum(({ reloads }) => reloads),
      epochs: observer.epochHistory.length,
    }
  })
