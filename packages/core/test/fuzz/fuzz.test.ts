import { expect, test } from 'vitest'
import { fuzz, targets } from './targets.ts'

const seed = Number(process.env['SYNC_SEED'] ?? 1)

for (const name of Object.keys(targets)) {
  test(`whatever it is given it takes or refuses with an error of ours: ${name}`, () => {
    const { taken, refused } = fuzz(name, 5_000, seed)
    expect(taken).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
  }, 60_000)
}
