/** Rounds of one measurement. The first ones also compile the code. */
const ROUNDS = 24
const WARM_UP = 4

/**
 * Returns how many times longer `run` takes for four times the size: about 4 if its cost is linear, about 16 if it is
 * quadratic. Takes the fastest of several runs and the lowest of several ratios, because other processes only ever slow
 * a run down.
 */
export function growth(size: number, run: (size: number) => () => void): number {
  let lowest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 5 && lowest >= 5; attempt++) lowest = Math.min(lowest, measureGrowth(size, run))
  return lowest
}

function measureGrowth(size: number, run: (size: number) => () => void): number {
  let [small, large] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < ROUNDS; round++) {
    const [ofSmall, ofLarge] = [timeOf(run(size)), timeOf(run(size * 4))]
    if (round < WARM_UP) continue
    small = Math.min(small, ofSmall)
    large = Math.min(large, ofLarge)
  }
  return large / small
}

function timeOf(work: () => void): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}
