/**
 * Returns how many times longer `run` takes for four times the size: about 4 if its cost is linear, about 16 if it is
 * quadratic. Takes the fastest of several runs, because other processes only ever slow a run down.
 */
export function growth(size: number, run: (size: number) => () => void): number {
  const fastest = new Map([size, size * 4].map((n) => [n, Number.POSITIVE_INFINITY]))
  for (let round = 0; round < 12; round++) {
    for (const [n, previous] of fastest) {
      const work = run(n)
      const startedAt = performance.now()
      work()
      const time = performance.now() - startedAt
      // the first rounds also compile the code
      if (round >= 2) fastest.set(n, Math.min(previous, time))
    }
  }
  const [small, large] = fastest.values() as unknown as [number, number]
  return large / small
}
