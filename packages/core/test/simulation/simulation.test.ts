import { expect, test } from 'vitest'
import { plans } from './plans.ts'
import { runSchedule, runToHistory } from './schedule.ts'

const seeds = Number(process.env['SYNC_SEEDS'] ?? 700)
const from = Number(process.env['SYNC_SEED'] ?? 1)

for (const [name, plan] of Object.entries(plans)) {
  test(`nothing is wrong after a schedule ${name}`, async () => {
    for (let seed = from; seed < from + seeds; seed++) {
      expect({ seed, wrong: await runSchedule({ seed, ...plan }) }).toEqual({ seed, wrong: [] })
    }
  }, 300_000)

  test(`a seed gives the same schedule again, ${name}`, async () => {
    for (let seed = from; seed < from + 20; seed++) {
      const plays = [await runToHistory({ seed, ...plan }), await runToHistory({ seed, ...plan })] as const
      expect(plays[0].commits.length).toBeGreaterThan(0)
      expect(JSON.stringify(plays[0])).toBe(JSON.stringify(plays[1]))
    }
  }, 60_000)
}
