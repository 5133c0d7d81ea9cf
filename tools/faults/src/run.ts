import type { CheckResult } from './checker/checker.ts'
import type { Options } from './options.ts'
import { schedule } from './schedule/schedule.ts'
import { withSetup } from './setup.ts'

/** What a run came to. */
export interface RunResult {
  readonly verdict: CheckResult
  /** Times to recovery, in ms, by the kind of fault. */
  readonly recoveryTimes: ReadonlyMap<string, readonly number[]>
  /** What else was wrong: not recovered in time, told what must not be, not ended. */
  readonly problems: readonly string[]
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly epochs: number
}

/** Has faults happen for as long as is asked for, then has all come back, and compares. */
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
