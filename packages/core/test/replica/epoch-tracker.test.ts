import { describe, expect, it } from 'vitest'
import { EpochTracker } from '../../src/replica/epoch-tracker.ts'

/** A tracker that went from `a` to `b` by a fork at 5, then to `c` by a fork at 3. The store has forgotten `a`. */
function afterTwoForks(): EpochTracker {
  const tracker = new EpochTracker()
  const state = { sequence: 9, opResultCount: 0 }
  tracker.switchTo({ ...state, epoch: 'a', ancestors: [] })
  tracker.switchTo({ ...state, epoch: 'b', ancestors: [{ epoch: 'a', sequence: 5, opResultCount: 0 }] })
  tracker.switchTo({ ...state, epoch: 'c', ancestors: [{ epoch: 'b', sequence: 3, opResultCount: 0 }] })
  return tracker
}

describe('EpochTracker.validUpTo()', () => {
  it('returns the lowest fork since the epoch when the store has forgotten that epoch', () => {
    const tracker = afterTwoForks()
    const reach = (epoch: string, sequence: number): number => tracker.validUpTo({ epoch, sequence })
    expect([reach('a', 2), reach('a', 4), reach('a', 9)]).toEqual([2, 3, 3])
    expect([reach('b', 9), reach('c', 7), reach('elsewhere', 7), reach('', 0)]).toEqual([3, 7, 0, 0])
  })

  it('returns 0 when the new epoch does not know the earlier ones', () => {
    const tracker = afterTwoForks()
    tracker.switchTo({ epoch: 'd', sequence: 9, opResultCount: 0, ancestors: [] })
    expect(['a', 'b', 'c'].map((epoch) => tracker.validUpTo({ epoch, sequence: 2 }))).toEqual([0, 0, 0])
  })
})
