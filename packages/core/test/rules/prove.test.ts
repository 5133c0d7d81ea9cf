import { expect, test } from 'vitest'
import { patched } from './patched.ts'
import { prove } from './prove.ts'
import type { Edit, Rule } from './rule.ts'
import { rules } from './table.ts'

test('every rule has its own name, and its place in the source', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
  for (const { off } of rules) expect(patched(off).size).toBeGreaterThan(0)
})

const rule = (
  name: string,
  off: readonly Edit[],
  test = 'a fork takes back what lies beyond it, and never adds',
): Rule => ({
  name,
  says: '',
  else: '',
  off,
  seenBy: { file: 'buffer/watermark.test.ts', name: test },
})

const inWatermark = (find: string, replace: string): Edit[] => [{ file: 'buffer/watermark.ts', find, replace }]
const cut = 'this.#gapFree = Math.min(this.#gapFree, fork)'

test('only a test that fails by an assertion without the rule proves it', async () => {
  const verdicts = await prove([
    rule('proven', inWatermark(cut, '')),
    rule('gone from the source', inWatermark('no such text', '')),
    rule('not once in the source', inWatermark('this.#gapFree', '')),
    rule('not noticed', inWatermark(cut, `${cut};`)),
    rule('no program', inWatermark(cut, 'this is none')),
    rule('not asserted', inWatermark(cut, "throw new Error('boom')")),
    rule('elsewhere', [{ file: 'merge/merge.ts', find: 'export const max', replace: 'export  const max' }]),
    rule('without a test', inWatermark(cut, ''), 'no test is called so'),
  ])
  expect(verdicts.map(({ rule: { name }, problem }) => [name, problem])).toEqual([
    ['proven', undefined],
    ['gone from the source', expect.stringContaining('0 times')],
    ['not once in the source', expect.stringContaining('times, where it should be once')],
    ['not noticed', 'passed without the rule'],
    ['no program', expect.stringContaining('cannot be loaded')],
    ['not asserted', 'failed, but by no assertion: boom'],
    ['elsewhere', expect.stringContaining('has nothing to do with')],
    ['without a test', 'there is no such test'],
  ])
}, 60_000)
