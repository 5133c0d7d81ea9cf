import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SequenceTracker } from '../../src/versioning/sequence-tracker.ts'

describe('SequenceTracker', () => {
  it('ends the contiguous run before the first missing sequence, in any order of arrival', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (sequences) => {
        const tracker = new SequenceTracker()
        for (const each of sequences) expect(tracker.add(each)).toBe(true)
        for (const each of sequences) expect(tracker.add(each)).toBe(false)
        let end = 0
        while (sequences.includes(end + 1)) end++
        expect(tracker.contiguous).toBe(end)
        expect(tracker.highest).toBe(Math.max(0, ...sequences))
        expect(tracker.outOfOrder).toBe(sequences.filter((each) => each > end).length)
        expect(tracker.missing).toBe(tracker.outOfOrder === 0 ? 0 : tracker.highest - end - tracker.outOfOrder)
      }),
    )
  })

  it('counts filled sequences as seen and joins those that waited beyond them', () => {
    const tracker = new SequenceTracker()
    for (const each of [1, 5, 6, 9]) tracker.add(each)
    tracker.fillTo(4)
    expect([tracker.contiguous, tracker.outOfOrder, tracker.missing]).toEqual([6, 1, 2])
    tracker.fillTo(2)
    expect(tracker.contiguous).toBe(6)
  })

  it('removes sequences beyond a fork and never adds any', () => {
    const tracker = new SequenceTracker()
    for (const each of [1, 2, 3, 6, 8]) tracker.add(each)
    tracker.truncateTo(7)
    expect([tracker.contiguous, tracker.highest, tracker.outOfOrder]).toEqual([3, 7, 1])
    tracker.truncateTo(2)
    expect([tracker.contiguous, tracker.highest, tracker.outOfOrder]).toEqual([2, 2, 0])
  })

  it('advances only the highest sequence when it observes a head', () => {
    const tracker = new SequenceTracker()
    tracker.observe(7)
    expect([tracker.contiguous, tracker.highest]).toEqual([0, 7])
  })
})
