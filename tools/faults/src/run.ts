import type { Verdict } from './audit/audit.ts'
import type { Options } from './options.ts'
import { schedule } from './schedule/schedule.ts'
import { onStage } from './stage.ts'

/** What a run came to. */
export interface Outcome {
  readonly verdict: Verdict
  /** Times to recovery, in ms, by the kind of fault. */
  readonly recovered: ReadonlyMap<string, readonly number[]>
  /** What else was wrong: not recovered in time, told what must not be, not ended. */
  readonly wrong: readonly string[]
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly epochs: number
}

/** Has faults happen for as long as is asked for, then has all come back, and compares. */
export const run = (options: Options, print: (line: string) => void): Promise<Outcome> =>
  onStage(options, { work: 'all', print }, async ({ scene, course, observer }) => {
    await course.begin()
    await course.disturb(schedule(options.seed, scene.kinds), options.minutes * 60_000)
    const verdict = await course.judge()
    return {
      verdict,
      recovered: course.recovered,
      wrong: [...course.wrong, ...observer.wrong],
      gaps: observer.total(({ gaps }) => gaps),
      repairs: observer.total(({ repairs }) => repairs),
      reloads: observer.total(({ reloads }) => reloads),
      epochs: observer.history.length,
    }
  })
