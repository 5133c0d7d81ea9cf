import { expect, it } from 'vitest'
import { outboxIndex, outboxIndexes, parseSectionName, sectionName } from '../src/names.ts'
import { slotOf, slotTags } from '../src/slots.ts'

const CLUSTER = { cluster: true }

it.each([
  // the check value of CRC16/XMODEM
  ['123456789', 12_739],
  ['foo', 12_182],
  ['', 0],
])('the slot of the tag %j is %i', (tag, slot) => {
  expect(slotOf(tag)).toBe(slot)
})

it('every slot has a tag that lies in it', () => {
  expect(slotTags().length).toBe(16_384)
  expect(slotTags().findIndex((tag, slot) => slotOf(tag) !== slot)).toBe(-1)
})

it('a section is noted in the slot that it lies in', () => {
  for (const section of ['s', 'ü{', '\u{1f600}:']) {
    const name = sectionName({ partition: 'p', section }, CLUSTER)
    const index = outboxIndex({ partition: 'p', section }, CLUSTER)
    expect(outboxIndexes(CLUSTER)[slotOf(name.slice(1, -1))]).toBe(index)
    expect(parseSectionName(name)).toEqual({ partition: 'p', section })
  }
})
