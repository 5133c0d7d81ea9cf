import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/model/change.ts'
import { FrameError } from '../../src/model/errors.ts'
import { decodeFrame } from '../../src/transport/decode.ts'
import { headMarker } from '../../src/transport/encode.ts'
import { encodeFrames } from '../../src/transport/frames.ts'
import { WIRE_VERSION } from '../../src/transport/wire.ts'
import { encode } from './encoding.ts'

interface Fixture {
  readonly name: string
  readonly text: string
  readonly changes: readonly Change[]
}

const fixtures: { readonly frames: readonly Fixture[]; readonly later: readonly Fixture[] } = JSON.parse(
  readFileSync(new URL('./fixtures/wire-v1.json', import.meta.url), 'utf8'),
)

const readings = (text: string): unknown[] => [decodeFrame(text), decodeFrame(new TextEncoder().encode(text))]

describe('a frame of version 1', () => {
  test.each(fixtures.frames)('is written as ever: $name', ({ text, changes }) => {
    expect(encodeFrames(changes.map(encode), 10_000).map((frame) => frame.text)).toEqual([text])
  })

  test.each([...fixtures.frames, ...fixtures.later])('is read as ever: $name', ({ text, changes }) => {
    for (const reading of readings(text)) expect(reading).toEqual({ changes, malformed: 0 })
  })

  test('has fixtures for all that it can say', () => {
    const changes = fixtures.frames.flatMap((frame) => frame.changes)
    const edits = changes.flatMap((change) => (typeof change.edits === 'string' ? [] : change.edits))
    const ops = edits.flatMap((edit) => (edit.kind === 'delta' ? edit.ops : []))
    expect(new Set(changes.map((change) => (typeof change.edits === 'string' ? change.edits : 'edits')))).toEqual(
      new Set(['edits', 'removed', 'omitted']),
    )
    expect(new Set(edits.map(({ kind }) => kind))).toEqual(new Set(['whole', 'delta', 'removed']))
    expect(new Set(ops.map(({ op }) => op))).toEqual(new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']))
    expect(new Set(changes.map(({ meta }) => meta !== undefined))).toEqual(new Set([true, false]))
  })
})

test('how far a section is travels as a change that has no key', () => {
  const [frame] = encodeFrames([headMarker({ epoch: 'e', sequence: 7 }, 'o')], 1_024)
  expect(frame?.text).toBe('[1,"e","o",[[null,7]]]')
  for (const reading of readings(frame?.text ?? ''))
    expect(reading).toEqual({ changes: [], malformed: 0, head: { epoch: 'e', sequence: 7 } })
  expect(decodeFrame('[1,"e","o",[[null,7],[null,9,"later"],[null,-1]]]')).toEqual({
    changes: [],
    malformed: 1,
    head: { epoch: 'e', sequence: 9 },
  })
})

test.each([`[${WIRE_VERSION + 1}]`, `[${WIRE_VERSION + 1},{"all":"is new"}]`, '[99,"e","o",[]]'])(
  'a frame of a later major version is refused as such: %s',
  (text) => {
    expect(() => decodeFrame(text)).toThrow(expect.objectContaining({ code: 'SYNC_FRAME', newer: true }))
  },
)

test.each([
  ['nothing', ''],
  ['no JSON', '[1,"e","o",['],
  ['no list', '{"0":1}'],
  ['null', 'null'],
  ['an empty list', '[]'],
  ['a version that is no number', '["1","e","o",[]]'],
  ['a version between', '[1.5,"e","o",[]]'],
  ['a version below', '[0,"e","o",[]]'],
  ['no epoch', '[1,null,"o",[]]'],
  ['no origin', '[1,"e",7,[]]'],
  ['no changes', '[1,"e","o"]'],
  ['changes that are no list', '[1,"e","o",{}]'],
])('%s is no frame, of whatever version', (_, text) => {
  for (const frame of [text, new TextEncoder().encode(text)]) {
    expect(() => decodeFrame(frame)).toThrow(expect.objectContaining({ code: 'SYNC_FRAME', newer: false }))
  }
})

test('bytes that are no UTF-8 are no frame', () => {
  expect(() => decodeFrame(new Uint8Array([0x5b, 0xff, 0x5d]))).toThrow(FrameError)
})

describe('a change that is not well formed', () => {
  const good = '["good",1,1,1,0,null]'
  test.each([
    ['no list', '7'],
    ['too short', '["k",1,1,1,0]'],
    ['an empty key', '["",1,1,1,0,null]'],
    ['a key that is no text', '[1,1,1,1,0,null]'],
    ['a counter below 0', '["k",1,-1,1,0,null]'],
    ['a counter between', '["k",1.5,1,1,0,null]'],
    ['a counter beyond what is exact', '["k",1,1,9007199254740992,0,null]'],
    ['a counter that is no number', '["k",1,1,"1",0,null]'],
    ['a time that is no number', '["k",1,1,1,"0",null]'],
    ['a time without end', '["k",1,1,1,1e999,null]'],
    ['edits that are none', '["k",1,1,1,0,"x"]'],
    ['an edit that is no list', '["k",1,1,1,0,[7]]'],
    ['a field that is no text', '["k",1,1,1,0,[[7,1,0,1]]]'],
    ['a field version that is no counter', '["k",1,1,1,0,[["a",-1,0,1]]]'],
    ['an edit without its value', '["k",1,1,1,0,[["a",1,0]]]'],
    ['a kind of edit that is not known', '["k",1,1,1,0,[["a",1,2,1]]]'],
    ['an inner patch that is no list', '["k",1,1,1,0,[["a",1,1,{}]]]'],
    ['an operation that is no list', '["k",1,1,1,0,[["a",1,1,[7]]]]'],
    ['an operation that is not known', '["k",1,1,1,0,[["a",1,1,[[6,"/x",1]]]]]'],
    ['an operation named as a member of lists', '["k",1,1,1,0,[["a",1,1,[["length","/x",1]]]]]'],
    ['an operation in a list of its own', '["k",1,1,1,0,[["a",1,1,[[[1],"/x"]]]]]'],
    ['an operation without a path', '["k",1,1,1,0,[["a",1,1,[[1]]]]]'],
    ['an addition of nothing', '["k",1,1,1,0,[["a",1,1,[[0,"/x"]]]]]'],
    ['a move from nowhere', '["k",1,1,1,0,[["a",1,1,[[3,"/x",1]]]]]'],
  ])('is left out and counted, the others stay: %s', (_, broken) => {
    const { changes, malformed: count } = decodeFrame(`[1,"e","o",[${good},${broken},${good}]]`)
    expect(changes.map(({ key }) => key)).toEqual(['good', 'good'])
    expect(count).toBe(1)
  })
})
