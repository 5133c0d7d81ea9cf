import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LedgerFile, readLedger } from '../src/ledger/file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a ledger', () => {
  test('has what was begun, in order, with what became of it', () => {
    const path = join(folder, 'a')
    const file = new LedgerFile(path)
    const [first, second] = [file.begin({ op: 'mark', key: 'x' }), file.begin({ op: 'count', key: 'y' })]
    file.begin({ op: 'make', key: 'z' })
    file.end(second, { is: 'unknown', code: 'SYNC_OUTCOME_UNKNOWN' })
    file.end(first, { is: 'acknowledged', position: '7.e', version: 2 })
    // no close: every line is there as soon as the call has returned
    const { writer, entries } = readLedger('w', readFileSync(path, 'utf8'))
    expect(writer).toBe('w')
    expect(entries.map(({ intent, outcome }) => [intent.n, intent.op, intent.key, outcome?.is])).toEqual([
      [1, 'mark', 'x', 'acknowledged'],
      [2, 'count', 'y', 'unknown'],
      [3, 'make', 'z', undefined],
    ])
    file.close()
  })

  test('whose last line was not written to its end is read up to there', () => {
    const whole = '{"op":"mark","key":"x","n":1,"at":1}\n'
    expect(readLedger('w', `${whole}{"is":"acknow`).entries).toEqual([
      { intent: { op: 'mark', key: 'x', n: 1, at: 1 }, outcome: undefined },
    ])
  })

  test('that tells an end without its beginning is refused', () => {
    expect(() => readLedger('w', '{"is":"unknown","code":"X","n":4,"at":1}\n')).toThrow('the end of 4')
  })
})
