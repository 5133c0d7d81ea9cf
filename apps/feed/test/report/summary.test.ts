import { describe, expect, it } from 'vitest'
import { describeAudit, describeRun, summary } from '../../src/report/summary.ts'
import { sampleFigures } from './sample-figures.ts'

describe('summary()', () => {
  it('formats one line per figure', () => {
    expect(summary(sampleFigures, { observations: 20_072, removals: 6_863 }).split('\n')).toEqual([
      'feed         20,072 observations, 6,863 removals',
      'written      15,200 commits, 34 unchanged',
      'time         7.6 s, 2,000 changes/s',
      'propagation  p50 0.41 ms, p95 1.1 ms, p99 12 ms',
      'patches      3.14 MB for 9.88 MB of whole documents: 68.2 % saved',
      'conflicts    0',
      'gaps         12 detected, 12 repairs, 0 documents reloaded',
      'changes      3 duplicates dropped, 4 reordered',
    ])
  })
})

describe('describeAudit()', () => {
  it('returns one line when all copies are equal', () => {
    expect(describeAudit({ documents: 1_574, examples: [], differences: 0 }, 3)).toBe(
      'consistent: 1574 documents × 3 replicas',
    )
  })

  it('lists the first differences and counts the rest', () => {
    const examples = [
      { copy: 'store', key: 'a', field: 'x', expected: '1', found: undefined },
      { copy: 'replica 2', key: 'b', expected: undefined, found: `{"text":"${'…'.repeat(100)}"}` },
    ]
    expect(describeAudit({ documents: 5, examples, differences: 1_002 }, 3).split('\n')).toEqual([
      'NOT consistent: 1,002 differences',
      '  store: a x: expected 1, got nothing',
      `  replica 2: b: expected nothing, got {"text":"${'…'.repeat(52)}`,
      '  and 1,000 more',
    ])
  })
})

describe('describeRun()', () => {
  it('shows the URLs without passwords', () => {
    const options = { store: 'redis://me:secret@r1:6379', bus: 'memory:', replicas: 3, rate: 2_000, file: 'a.jsonl' }
    expect(describeRun(26_935, options)).toBe(
      '26,935 writes, 2,000 per second · store redis://me:***@r1:6379 · bus memory: · 3 replicas',
    )
  })
})
