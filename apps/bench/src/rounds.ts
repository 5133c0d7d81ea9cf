import type { Measured } from './figure.ts'
import { median, spread } from './statistics.ts'
import { createTimer, type Timer, type Work } from './timer.ts'

/** Two ways to do the same. */
export interface Contest {
  readonly ours: Work
  readonly yardstick: Work
  /** What one call of either counts as. Default 1. */
  readonly operations?: number
}

/** How long it is measured. */
export interface Rounds {
  readonly rounds: number
  readonly sliceMs: number
  readonly warmUpMs: number
}

const DEFAULTS: Rounds = { rounds: 15, sliceMs: 100, warmUpMs: 300 }

/**
 * Measures both in turns of equal length, so that what slows the machine down slows both. Each round gives a ratio;
 * what counts is the median of the rounds. The order within a round alternates: neither always finds the other's garbage.
 */
export async function compareRates(contest: Contest, rounds: Partial<Rounds> = {}): Promise<Measured> {
  const { rounds: count, sliceMs, warmUpMs } = { ...DEFAULTS, ...rounds }
  const { operations = 1 } = contest
  const ours = createTimer(contest.ours)
  const yardstick = createTimer(contest.yardstick)
  await ours.run(warmUpMs)
  await yardstick.run(warmUpMs)
  const results: Round[] = []
  for (let round = 0; round < count; round++) {
    const run = round % 2 === 0 ? oursFirst : yardstickFirst
    results.push(await run(ours, yardstick, sliceMs))
  }
  return measuredOf(results.map((each) => ({ ours: each.ours * operations, yardstick: each.yardstick * operations })))
}

/** What rounds came to: medians, the ratio being that of the rounds' own. */
export function measuredOf(rounds: readonly Round[]): Measured {
  const ratios = rounds.map((each) => each.ours / each.yardstick)
  return {
    ours: median(rounds.map((each) => each.ours)),
    yardstick: median(rounds.map((each) => each.yardstick)),
    ratio: median(ratios),
    spread: spread(ratios),
  }
}

/** What one round measured of both. */
export interface Round {
  readonly ours: number
  readonly yardstick: number
}

async function oursFirst(ours: Timer, yardstick: Timer, ms: number): Promise<Round> {
  const rate = await ours.run(ms)
  return { ours: rate, yardstick: await yardstick.run(ms) }
}

async function yardstickFirst(ours: Timer, yardstick: Timer, ms: number): Promise<Round> {
  const rate = await yardstick.run(ms)
  return { ours: await ours.run(ms), yardstick: rate }
}
