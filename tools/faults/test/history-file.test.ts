import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HistoryFile, parseHistory } from '../src/history/history-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-file-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('HistoryFile', () => {
  it('records invocations in order, each with its completion', () => {
    const path = join(folder, 'a')
    const file = new HistoryFile(path)
    const [first, second] = [
      file.recordInvocation({ op: 'mark', key: 'x' }),
      file.recordInvocation({ op: 'count', key: 'y' }),
    ]
    file.recordInvocation({ op: 'create', key: 'z' })
    file.recordCompletion(second, { is: 'unknown', code: 'SYNC_OUTCOME_UNKNOWN' })
    file.recordCompletion(first, { is: 'acknowledged', position: '7.e', version: 2 })
    // read before close: every line is in the file as soon as the call returns
    const { writer, operations } = parseHistory('w', readFileSync(path, 'utf8'))
    expect(writer).toBe('w')
    expect(
      operations.map(({ invocation, completion }) => [invocation.n, invocation.op, invocation.key, completion?.is]),
    ).toEqual([
      [1, 'mark', 'x', 'acknowledged'],
      [2, 'count', 'y', 'unknown'],
      [3, 'create', 'z', undefined],
    ])
    file.close()
  })
})

describe('parseHistory', () => {
  it('ignores an incomplete last line', () => {
    const completeLine = '{"op":"mark","key":"x","n":1,"at":1}\n'
    expect(parseHistory('w', `${completeLine}{"is":"acknow`).operations).toEqual([
      { invocation: { op: 'mark', key: 'x', n: 1, at: 1 }, completion: undefined },
    ])
  })

  it('throws on a completion without an invocation', () => {
    expect(() => parseHistory('w', '{"is":"unknown","code":"X","n":4,"at":1}\n')).toThrow('an invocation of 4')
  })
})
