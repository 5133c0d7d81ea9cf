import { describe, expect, it } from 'vitest'
import { outboxIndex, outboxIndexes, parseSectionName, sectionName } from '../src/names.ts'
import { slotOf, slotTags } from '../src/slots.ts'

const CLUSTER = { cluster: true }

describe('slotOf()', () => {
  it.each([
    // check value of CRC16/XMODEM
    ['123456789', 12_739],
    ['foo', 12_182],
    ['', 0],
  ])('maps the tag %j to slot %i', (tag, slot) => {
    expect(slotOf(tag)).toBe(slot)
  })
})

describe('slotTags()', () => {
  it('returns a tag in its own slot for every slot', () => {
    expect(slotTags().length).toBe(16_384)
    expect(slotTags().findIndex((tag, slot) => slotOf(tag) !== slot)).toBe(-1)
  })
})

describe('outboxIndex()', () => {
  it('returns an index in the slot of the section', () => {
    for (const section of ['s', 'ü{', '\u{1f600}:']) {
      const name = sectionName({ partition: 'p', section }, CLUSTER)
      const index = outboxIndex({ partition: 'p', section }, CLUSTER)
      expect(outboxIndexes(CLUSTER)[slotOf(name.slice(1, -1))]).toBe(index)
      expect(parseSectionName(name)).toEqual({ partition: 'p', section })
    }
  })
})
