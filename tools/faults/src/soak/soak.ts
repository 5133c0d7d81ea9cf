import { setTimeout as sleep } from 'node:timers/promises'
import type { Verdict } from '../audit/audit.ts'
import type { Options } from '../options.ts'
import type { Actor } from '../scene/scene.ts'
import { onStage } from '../stage.ts'
import { now } from '../work/clock.ts'
import type { Memory } from '../work/messages.ts'
import { type Bound, type Growth, growthOf, type Sample } from './growth.ts'

/** One series of samples: of what, and of which process. */
export interface Series {
  readonly name: string
  readonly measure: keyof Memory
  /** After the warm-up. */
  readonly samples: readonly Sample[]
  readonly growth: Growth
}

/** What a soak came to. */
export interface Soaked {
  readonly verdict: Verdict
  readonly series: readonly Series[]
  readonly wrong: readonly string[]
}

const EVERY_MS = 1_000
/** Until caches, logs and buffers are as full as they get, and the code is compiled: a share of the time, or so long. */
const WARM_UP = { share: 0.4, atLeastMs: 60_000 } as const
const MIB = 1_048_576

/** The resident size goes in steps of whole chunks, and is not given back at once. */
const BOUNDS: Readonly<Record<keyof Memory, Bound>> = {
  heap: { absolute: MIB / 2, share: 0.02 },
  rss: { absolute: 12 * MIB, share: 0.1 },
  resources: { absolute: 3, share: 0.1 },
}

/** A steady load, and no faults: looks at what every process takes up, and at what it leaves behind when it is closed. */
export const soak = (options: Options, print: (line: string) => void): Promise<Soaked> =>
  onStage(options, { work: 'steady', print }, async ({ scene, course, observer }) => {
    await course.begin()
    const begun = now()
    const end = begun + options.minutes * 60_000
    const taken = new Map<string, { at: number; memory: Memory }[]>(scene.actors.map(({ name }) => [name, []]))
    while (now() < end) {
      await sleep(EVERY_MS)
      for (const actor of scene.actors)
        taken.get(actor.name)?.push({ at: now() - begun, memory: await memoryOf(actor) })
    }
    const warm = Math.max((end - begun) * WARM_UP.share, WARM_UP.atLeastMs)
    const series = [...taken].flatMap(([name, all]) =>
      (Object.keys(BOUNDS) as (keyof Memory)[]).map((measure): Series => {
        const samples = all.filter(({ at }) => at >= warm).map(({ at, memory }) => ({ at, value: memory[measure] }))
        return { name, measure, samples, growth: growthOf(samples, BOUNDS[measure]) }
      }),
    )
    const verdict = await course.judge()
    return { verdict, series, wrong: [...course.wrong, ...observer.wrong] }
  })

async function memoryOf(actor: Actor): Promise<Memory> {
  const answer = await actor.ask({ ask: 'memory' })
  if (answer.answer !== 'memory') throw new Error(`answered "${answer.answer}" in place of its memory`)
  return answer.memory
}
