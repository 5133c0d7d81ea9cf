import { describe, expect, it } from 'vitest'
import { EpochTracker } from '../../src/replica/epoch-tracker.ts'

/** A history that went from `a` by a fork at 5 to `b`, and by one at 3 to `c`, whose store has forgotten `a`. */
function afterTwoForks(): EpochTracker {
  const history = new EpochTracker()
  const standing = { sequence: 9, opResultCount: 0 }
  history.switchTo({ ...standing, epoch: 'a', ancestors: [] })
  history.switchTo({ ...standing, epoch: 'b', ancestors: [{ epoch: 'a', sequence: 5, opResultCount: 0 }] })
  history.switchTo({ ...standing, epoch: 'c', ancestors: [{ epoch: 'b', sequence: 3, opResultCount: 0 }] })
  return history
}

describe('EpochTracker.validUpTo()', () => {
  it('returns the lowest fork since the epoch when the store has forgotten that epoch', () => {
    const history = afterTwoForks()
    const reach = (epoch: string, sequence: number): number => history.validUpTo({ epoch, sequence })
    expect([reach('a', 2), reach('a', 4), reach('a', 9)]).toEqual([2, 3, 3])
    expect([reach('b', 9), reach('c', 7), reach('elsewhere', 7), reach('', 0)]).toEqual([3, 7, 0, 0])
  })

  it('returns 0 when the new epoch does not know the earlier ones', () => {
    const history = afterTwoForks()
    history.switchTo({ epoch: 'd', sequence: 9, opResultCount: 0, ancestors: [] })
    expect(['a', 'b', 'c'].map((epoch) => history.validUpTo({ epoch, sequence: 2 }))).toEqual([0, 0, 0])
  })
})
