import { expect, test } from 'vitest'
import { applyEdits } from './apply-edits.ts'
import { prove } from './prove.ts'
import type { Rule, SourceEdit } from './rule.ts'
import { rules } from './table.ts'

test('every rule has its own name, and its place in the source', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
  for (const { edits } of rules) expect(applyEdits(edits).size).toBeGreaterThan(0)
})

const rule = (
  name: string,
  edits: readonly SourceEdit[],
  test = 'SequenceTracker > removes sequences beyond a fork and never adds any',
): Rule => ({
  name,
  statement: '',
  consequence: '',
  edits,
  provenBy: { file: 'versioning/sequence-tracker.test.ts', name: test },
})

const inSequenceTracker = (find: string, replace: string): SourceEdit[] => [
  { file: 'versioning/sequence-tracker.ts', find, replace },
]
const cut = 'this.#contiguous = Math.min(this.#contiguous, fork)'

test('only a test that fails by an assertion without the rule proves it', async () => {
  const verdicts = await prove([
    rule('proven', inSequenceTracker(cut, '')),
    rule('gone from the source', inSequenceTracker('no such text', '')),
    rule('not once in the source', inSequenceTracker('this.#contiguous', '')),
    rule('not noticed', inSequenceTracker(cut, `${cut};`)),
    rule('no program', inSequenceTracker(cut, 'this is none')),
    rule('not asserted', inSequenceTracker(cut, "throw new Error('boom')")),
    rule('elsewhere', [{ file: 'merge/merge.ts', find: 'export const max', replace: 'export  const max' }]),
    rule('without a test', inSequenceTracker(cut, ''), 'no test is called so'),
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
