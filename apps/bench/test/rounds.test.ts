import { expect, it } from 'vitest'
import { compareRates } from '../src/rounds.ts'

const brief = { rounds: 4, sliceMs: 2, warmUpMs: 1 }

it('rounds go in turns, each beginning with the other side', async () => {
  const turns: string[] = []
  const note = (side: string) => (): void => {
    if (turns.at(-1) !== side) turns.push(side)
  }
  await compareRates({ ours: note('ours'), baseline: note('yardstick') }, brief)
  // the second of a round is the first of the next: those run into one
  expect(turns).toEqual(['ours', 'yardstick', 'ours', 'yardstick', 'ours', 'yardstick', 'ours'])
})

it('asynchronous work is waited for', async () => {
  let open = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++open)
    await Promise.resolve()
    open--
  }
  await compareRates({ ours: work, baseline: work }, brief)
  expect(most).toBe(1)
})

it('rates count operations, and the ratio is ours to the yardstick', async () => {
  const once = { ours: () => 1, baseline: () => 1 }
  const [single, hundred] = [await compareRates(once, brief), await compareRates({ ...once, operations: 100 }, brief)]
  for (const { ours, baseline, ratio } of [single, hundred]) {
    expect(ours).toBeGreaterThan(0)
    expect(baseline).toBeGreaterThan(0)
    expect(ratio).toBeGreaterThan(0)
  }
  expect(hundred.ours).toBeGreaterThan(single.ours)
})
