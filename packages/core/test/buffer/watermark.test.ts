import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Watermark } from '../../src/buffer/watermark.ts'

test('the gap-free run ends before the first sequence that is missing, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (sequences) => {
      const water = new Watermark()
      for (const each of sequences) expect(water.note(each)).toBe(true)
      for (const each of sequences) expect(water.note(each)).toBe(false)
      let end = 0
      while (sequences.includes(end + 1)) end++
      expect(water.gapFree).toBe(end)
      expect(water.highest).toBe(Math.max(0, ...sequences))
      expect(water.beyond).toBe(sequences.filter((each) => each > end).length)
      expect(water.missing).toBe(water.beyond === 0 ? 0 : water.highest - end - water.beyond)
    }),
  )
})

test('what is covered by an answer counts as seen, and joins what waited beyond it', () => {
  const water = new Watermark()
  for (const each of [1, 5, 6, 9]) water.note(each)
  water.coverTo(4)
  expect([water.gapFree, water.beyond, water.missing]).toEqual([6, 1, 2])
  water.coverTo(2)
  expect(water.gapFree).toBe(6)
})

test('a fork takes back what lies beyond it, and never adds', () => {
  const water = new Watermark()
  for (const each of [1, 2, 3, 6, 8]) water.note(each)
  water.cutAt(7)
  expect([water.gapFree, water.highest, water.beyond]).toEqual([3, 7, 1])
  water.cutAt(2)
  expect([water.gapFree, water.highest, water.beyond]).toEqual([2, 2, 0])
})

test('what an answer tells of is the highest, not the gap-free', () => {
  const water = new Watermark()
  water.shown(7)
  expect([water.gapFree, water.highest]).toEqual([0, 7])
})
