import { describe, expect, it } from 'vitest'
import { LagTracker } from '../src/lag-tracker.ts'

describe('LagTracker', () => {
  it('returns how many commits, and for how long, an instance was behind the writer', () => {
    const lagTracker = new LagTracker()
    lagTracker.record('e', 5, 100)
    lagTracker.record('e', 8, 200)
    lagTracker.record('e', 8, 300)
    expect([lagTracker.commitsBehind('e', 6, 150), lagTracker.msBehind('e', 6, 150)]).toEqual([0, 0])
    expect([lagTracker.commitsBehind('e', 6, 350), lagTracker.msBehind('e', 6, 350)]).toEqual([2, 150])
    expect([lagTracker.commitsBehind('e', 8, 350), lagTracker.msBehind('e', 8, 350)]).toEqual([0, 0])
  })

  it('compares nothing across epochs, and starts over when commits were lost', () => {
    const lagTracker = new LagTracker()
    lagTracker.record('e', 5, 100)
    expect(lagTracker.commitsBehind('other', 1, 200)).toBe(0)
    lagTracker.record('f', 3, 200)
    expect(lagTracker.commitsBehind('f', 3, 300)).toBe(0)
    expect(lagTracker.commitsBehind('f', 1, 300)).toBe(2)
  })
})
