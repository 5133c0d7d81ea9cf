import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HistoryFile, parseHistory } from '../src/history/history-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a ledger', () => {
  test('has what was begun, in order, with what became of it', () => {
    const path = join(folder, 'a')
    const file = new HistoryFile(path)
    const [first, second] = [
      file.recordInvocation({ op: 'mark', key: 'x' }),
      file.recordInvocation({ op: 'count', key: 'y' }),
    ]
    file.recordInvocation({ op: 'make', key: 'z' })
    file.recordCompletion(second, { is: 'unknown', code: 'SYNC_OUTCOME_UNKNOWN' })
    file.recordCompletion(first, { is: 'acknowledged', position: '7.e', version: 2 })
    // no close: every line is there as soon as the call has returned
    const { writer, operations } = parseHistory('w', readFileSync(path, 'utf8'))
    expect(writer).toBe('w')
    expect(
      operations.map(({ invocation, completion }) => [invocation.n, invocation.op, invocation.key, completion?.is]),
    ).toEqual([
      [1, 'mark', 'x', 'acknowledged'],
      [2, 'count', 'y', 'unknown'],
      [3, 'make', 'z', undefined],
    ])
    file.close()
  })

  test('whose last line was not written to its end is read up to there', () => {
    const whole = '{"op":"mark","key":"x","n":1,"at":1}\n'
    expect(parseHistory('w', `${whole}{"is":"acknow`).operations).toEqual([
      { invocation: { op: 'mark', key: 'x', n: 1, at: 1 }, completion: undefined },
    ])
  })

  test('that tells an end without its beginning is refused', () => {
    expect(() => parseHistory('w', '{"is":"unknown","code":"X","n":4,"at":1}\n')).toThrow('the end of 4')
  })
})
