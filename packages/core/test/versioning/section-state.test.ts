import { commonSequence, includesPosition } from '@sync/core/adapter'
import { describe, expect, it } from 'vitest'

const state = {
  epoch: 'e3',
  ancestors: [
    { epoch: 'e1', sequence: 10, opResultCount: 10 },
    { epoch: 'e2', sequence: 14, opResultCount: 15 },
  ],
}

describe('commonSequence()', () => {
  it('returns infinity for the same epoch, the fork for an ancestor, and undefined for any other', () => {
    expect(['e3', 'e2', 'e1', 'x'].map((epoch) => commonSequence(state, epoch))).toEqual([
      Number.POSITIVE_INFINITY,
      14,
      10,
      undefined,
    ])
  })
})

describe('includesPosition()', () => {
  it("returns true at or below the fork of the position's epoch", () => {
    expect(includesPosition(state, { epoch: 'e1', sequence: 10 })).toBe(true)
    expect(includesPosition(state, { epoch: 'e1', sequence: 11 })).toBe(false)
    expect(includesPosition(state, { epoch: 'x', sequence: 0 })).toBe(false)
  })
})
