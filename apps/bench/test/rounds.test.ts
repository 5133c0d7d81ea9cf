import { describe, expect, it } from 'vitest'
import { compareRates } from '../src/rounds.ts'

const brief = { rounds: 4, sliceMs: 2, warmUpMs: 1 }

describe('compareRates()', () => {
  it('alternates the sides, and which side begins a round', async () => {
    const turns: string[] = []
    const record = (side: string) => (): void => {
      if (turns.at(-1) !== side) turns.push(side)
    }
    await compareRates({ ours: record('ours'), baseline: record('baseline') }, brief)
    // the side that ends a round also begins the next one, so the two turns count as one
    expect(turns).toEqual(['ours', 'baseline', 'ours', 'baseline', 'ours', 'baseline', 'ours'])
  })

  it('awaits asynchronous work before the next call', async () => {
    let running = 0
    let maxRunning = 0
    const work = async (): Promise<void> => {
      maxRunning = Math.max(maxRunning, ++running)
      await Promise.resolve()
      running--
    }
    await compareRates({ ours: work, baseline: work }, brief)
    expect(maxRunning).toBe(1)
  })

  it('multiplies rates by the operations per call', async () => {
    const once = { ours: () => 1, baseline: () => 1 }
    const [single, hundred] = [await compareRates(once, brief), await compareRates({ ...once, operations: 100 }, brief)]
    for (const { ours, baseline, ratio } of [single, hundred]) {
      expect(ours).toBeGreaterThan(0)
      expect(baseline).toBeGreaterThan(0)
      expect(ratio).toBeGreaterThan(0)
    }
    expect(hundred.ours).toBeGreaterThan(single.ours)
  })
})
