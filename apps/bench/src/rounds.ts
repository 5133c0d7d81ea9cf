import type { Measurement } from './figure.ts'
import { median, spread } from './statistics.ts'
import { createTimer, type Timer, type Work } from './timer.ts'

/** Two ways to do the same. */
export interface Comparison {
  readonly ours: Work
  readonly baseline: Work
  /** What one call of either counts as. Default 1. */
  readonly operations?: number
}

/** How long it is measured. */
export interface RoundOptions {
  readonly rounds: number
  readonly sliceMs: number
  readonly warmUpMs: number
}

const DEFAULTS: RoundOptions = { rounds: 15, sliceMs: 100, warmUpMs: 300 }

/**
 * Measures both in turns of equal length, so that what slows the machine down slows both. Each round gives a ratio;
 * what counts is the median of the rounds. The order within a round alternates: neither always finds the other's garbage.
 */
export async function compareRates(comparison: Comparison, rounds: Partial<RoundOptions> = {}): Promise<Measurement> {
  const { rounds: count, sliceMs, warmUpMs } = { ...DEFAULTS, ...rounds }
  const { operations = 1 } = comparison
  const ours = createTimer(comparison.ours)
  const baseline = createTimer(comparison.baseline)
  await ours.run(warmUpMs)
  await baseline.run(warmUpMs)
  const results: Round[] = []
  for (let round = 0; round < count; round++) {
    const run = round % 2 === 0 ? oursFirst : baselineFirst
    results.push(await run(ours, baseline, sliceMs))
  }
  return summarizeRounds(
    results.map((each) => ({ ours: each.ours * operations, baseline: each.baseline * operations })),
  )
}

/** What rounds came to: medians, the ratio being that of the rounds' own. */
export function summarizeRounds(rounds: readonly Round[]): Measurement {
  const ratios = rounds.map((each) => each.ours / each.baseline)
  return {
    ours: median(rounds.map((each) => each.ours)),
    baseline: median(rounds.map((each) => each.baseline)),
    ratio: median(ratios),
    spread: spread(ratios),
  }
}

/** What one round measured of both. */
export interface Round {
  readonly ours: number
  readonly baseline: number
}

async function oursFirst(ours: Timer, baseline: Timer, ms: number): Promise<Round> {
  const rate = await ours.run(ms)
  return { ours: rate, baseline: await baseline.run(ms) }
}

async function baselineFirst(ours: Timer, baseline: Timer, ms: number): Promise<Round> {
  const rate = await baseline.run(ms)
  return { ours: await ours.run(ms), baseline: rate }
}
