import { describe, expect, it } from 'vitest'
import { plans } from './plans.ts'
import { runSchedule, runToHistory } from './schedule.ts'

const seeds = Number(process.env['SYNC_SEEDS'] ?? 700)
const from = Number(process.env['SYNC_SEED'] ?? 1)

for (const [name, plan] of Object.entries(plans))
  describe(`runSchedule, ${name}`, () => {
    it('finds no problem', async () => {
      for (let seed = from; seed < from + seeds; seed++) {
        expect({ seed, problems: await runSchedule({ seed, ...plan }) }).toEqual({ seed, problems: [] })
      }
    }, 300_000)

    it('runs the same schedule again for the same seed', async () => {
      for (let seed = from; seed < from + 20; seed++) {
        const histories = [await runToHistory({ seed, ...plan }), await runToHistory({ seed, ...plan })] as const
        expect(histories[0].commits.length).toBeGreaterThan(0)
        expect(JSON.stringify(histories[0])).toBe(JSON.stringify(histories[1]))
      }
    }, 60_000)
  })
