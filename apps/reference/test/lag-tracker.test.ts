import { expect, it } from 'vitest'
import { LagTracker } from '../src/lag-tracker.ts'

it('tells how far one is behind the writer as of then, and since when', () => {
  const lagTracker = new LagTracker()
  lagTracker.record('e', 5, 100)
  lagTracker.record('e', 8, 200)
  lagTracker.record('e', 8, 300)
  expect([lagTracker.commitsBehind('e', 6, 150), lagTracker.msBehind('e', 6, 150)]).toEqual([0, 0])
  expect([lagTracker.commitsBehind('e', 6, 350), lagTracker.msBehind('e', 6, 350)]).toEqual([2, 150])
  expect([lagTracker.commitsBehind('e', 8, 350), lagTracker.msBehind('e', 8, 350)]).toEqual([0, 0])
})

it('compares nothing over epochs, and begins anew where history was lost', () => {
  const lagTracker = new LagTracker()
  lagTracker.record('e', 5, 100)
  expect(lagTracker.commitsBehind('other', 1, 200)).toBe(0)
  lagTracker.record('f', 3, 200)
  expect(lagTracker.commitsBehind('f', 3, 300)).toBe(0)
  expect(lagTracker.commitsBehind('f', 1, 300)).toBe(2)
})
