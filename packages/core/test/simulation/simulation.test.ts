import { expect, test } from 'vitest'
import { plans } from './plans.ts'
import { runSchedule } from './schedule.ts'

const seeds = Number(process.env['SYNC_SEEDS'] ?? 700)
const from = Number(process.env['SYNC_SEED'] ?? 1)

for (const [name, plan] of Object.entries(plans)) {
  test(`every replica and watcher ends as the store, ${name}`, async () => {
    for (let seed = from; seed < from + seeds; seed++) {
      expect({ seed, wrong: await runSchedule({ seed, ...plan }) }).toEqual({ seed, wrong: [] })
    }
  }, 240_000)
}
