import { describe, expect, it } from 'vitest'
import { applyEdits } from './apply-edits.ts'
import { prove } from './prove.ts'
import type { Rule, SourceEdit } from './rule.ts'
import { rules } from './table.ts'

describe('rules', () => {
  it('have unique names and edits that match the source', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length)
    for (const { edits } of rules) expect(applyEdits(edits).size).toBeGreaterThan(0)
  })
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
const truncation = 'this.#contiguous = Math.min(this.#contiguous, fork)'

describe('prove', () => {
  it('accepts only a test that fails by an assertion without the rule', async () => {
    const verdicts = await prove([
      rule('proven', inSequenceTracker(truncation, '')),
      rule('snippet missing', inSequenceTracker('no such text', '')),
      rule('snippet ambiguous', inSequenceTracker('this.#contiguous', '')),
      rule('no effect', inSequenceTracker(truncation, `${truncation};`)),
      rule('syntax error', inSequenceTracker(truncation, 'this is none')),
      rule('other error', inSequenceTracker(truncation, "throw new Error('boom')")),
      rule('unrelated file', [{ file: 'merge/merge.ts', find: 'export const max', replace: 'export  const max' }]),
      rule('test missing', inSequenceTracker(truncation, ''), 'a name without a test'),
    ])
    expect(verdicts.map(({ rule: { name }, problem }) => [name, problem])).toEqual([
      ['proven', undefined],
      ['snippet missing', expect.stringContaining('0 times')],
      ['snippet ambiguous', expect.stringContaining('expected the snippet exactly once')],
      ['no effect', 'passed without the rule'],
      ['syntax error', expect.stringContaining('cannot be loaded')],
      ['other error', 'failed without an assertion: boom'],
      ['unrelated file', expect.stringContaining('the test does not load')],
      ['test missing', expect.stringContaining('no test is named "a name without a test"')],
    ])
  }, 60_000)
})
