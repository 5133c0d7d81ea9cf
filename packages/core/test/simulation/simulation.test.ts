import { expect, test } from 'vitest'
import { runSchedule } from './schedule.ts'

const seeds = Number(process.env['SYNC_SEEDS'] ?? 150)
const from = Number(process.env['SYNC_SEED'] ?? 1)

for (const [name, plan] of [
  ['without faults', { faults: false, losses: false }],
  ['with lost, repeated, late messages and a store that comes and goes', { faults: true, losses: false }],
  ['with a store that loses its tail', { faults: true, losses: true }],
] as const) {
  test(`every replica and watcher ends as the store, ${name}`, async () => {
    for (let seed = from; seed < from + seeds; seed++) {
      expect({ seed, wrong: await runSchedule({ seed, ...plan }) }).toEqual({ seed, wrong: [] })
    }
  }, 60_000)
}
