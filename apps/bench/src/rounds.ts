import type { Measurement } from './figure.ts'
import { median, spread } from './statistics.ts'
import { createTimer, type Timer, type Work } from './timer.ts'

/** Two ways to do the same work. */
export interface Comparison {
  readonly ours: Work
  readonly baseline: Work
  /** Operations per call of either side. Default: 1. */
  readonly operations?: number
}

/** Number and length of the measured rounds. */
export interface RoundOptions {
  readonly rounds: number
  readonly sliceMs: number
  readonly warmUpMs: number
}

const DEFAULTS: RoundOptions = { rounds: 15, sliceMs: 100, warmUpMs: 300 }

/**
 * Measures both sides in alternating slices of equal length, so that a slow machine slows both. The result is the median of the
 * rounds' ratios. The order within a round alternates, so that neither side always pays for the other's garbage.
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

/** Returns the medians of the rounds. The ratio is the median of their ratios, not the ratio of the medians. */
export function summarizeRounds(rounds: readonly Round[]): Measurement {
  const ratios = rounds.map((each) => each.ours / each.baseline)
  return {
    ours: median(rounds.map((each) => each.ours)),
    baseline: median(rounds.map((each) => each.baseline)),
    ratio: median(ratios),
    spread: spread(ratios),
  }
}

/** Values of both sides in one round. */
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
