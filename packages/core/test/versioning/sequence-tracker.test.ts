import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SequenceTracker } from '../../src/versioning/sequence-tracker.ts'

describe('SequenceTracker', () => {
  it('ends the contiguous run before the first missing sequence, in whatever order they arrive', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (sequences) => {
        const water = new SequenceTracker()
        for (const each of sequences) expect(water.add(each)).toBe(true)
        for (const each of sequences) expect(water.add(each)).toBe(false)
        let end = 0
        while (sequences.includes(end + 1)) end++
        expect(water.contiguous).toBe(end)
        expect(water.highest).toBe(Math.max(0, ...sequences))
        expect(water.outOfOrder).toBe(sequences.filter((each) => each > end).length)
        expect(water.missing).toBe(water.outOfOrder === 0 ? 0 : water.highest - end - water.outOfOrder)
      }),
    )
  })

  it('counts filled sequences as seen and joins those that waited beyond them', () => {
    const water = new SequenceTracker()
    for (const each of [1, 5, 6, 9]) water.add(each)
    water.fillTo(4)
    expect([water.contiguous, water.outOfOrder, water.missing]).toEqual([6, 1, 2])
    water.fillTo(2)
    expect(water.contiguous).toBe(6)
  })

  it('removes sequences beyond a fork and never adds any', () => {
    const water = new SequenceTracker()
    for (const each of [1, 2, 3, 6, 8]) water.add(each)
    water.truncateTo(7)
    expect([water.contiguous, water.highest, water.outOfOrder]).toEqual([3, 7, 1])
    water.truncateTo(2)
    expect([water.contiguous, water.highest, water.outOfOrder]).toEqual([2, 2, 0])
  })

  it('advances only the highest sequence when it observes a head', () => {
    const water = new SequenceTracker()
    water.observe(7)
    expect([water.contiguous, water.highest]).toEqual([0, 7])
  })
})
