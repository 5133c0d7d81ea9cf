import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
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

describe('wire version 1', () => {
  it.each(fixtures.frames)('encodes the fixture as the first release did: $name', ({ text, changes }) => {
    expect(encodeFrames(changes.map(encode), 10_000).map((frame) => frame.text)).toEqual([text])
  })

  it.each([...fixtures.frames, ...fixtures.later])(
    'decodes the fixture as the first release did: $name',
    ({ text, changes }) => {
      for (const reading of readings(text)) expect(reading).toEqual({ changes, malformed: 0 })
    },
  )

  it('has fixtures for every kind of change, edit and operation', () => {
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

describe('headMarker()', () => {
  it("encodes the section's sequence as a change without a key", () => {
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
})

describe('decodeFrame()', () => {
  it.each([`[${WIRE_VERSION + 1}]`, `[${WIRE_VERSION + 1},{"all":"is new"}]`, '[99,"e","o",[]]'])(
    'rejects a frame of a later major version as newer: %s',
    (text) => {
      expect(() => decodeFrame(text)).toThrow(expect.objectContaining({ code: 'SYNC_FRAME', newer: true }))
    },
  )

  it.each([
    ['an empty text', ''],
    ['invalid JSON', '[1,"e","o",['],
    ['an object', '{"0":1}'],
    ['null', 'null'],
    ['an empty list', '[]'],
    ['a version that is not a number', '["1","e","o",[]]'],
    ['a fractional version', '[1.5,"e","o",[]]'],
    ['version 0', '[0,"e","o",[]]'],
    ['a missing epoch', '[1,null,"o",[]]'],
    ['an origin that is not a string', '[1,"e",7,[]]'],
    ['missing changes', '[1,"e","o"]'],
    ['changes that are not a list', '[1,"e","o",{}]'],
  ])('rejects %s as malformed, not as newer', (_, text) => {
    for (const frame of [text, new TextEncoder().encode(text)]) {
      expect(() => decodeFrame(frame)).toThrow(expect.objectContaining({ code: 'SYNC_FRAME', newer: false }))
    }
  })

  it('rejects bytes that are not UTF-8', () => {
    expect(() => decodeFrame(new Uint8Array([0x5b, 0xff, 0x5d]))).toThrow(FrameError)
  })
})

describe('decodeFrame() with a malformed change', () => {
  const good = '["good",1,1,1,0,null]'
  it.each([
    ['a number', '7'],
    ['a list that is too short', '["k",1,1,1,0]'],
    ['an empty key', '["",1,1,1,0,null]'],
    ['a key that is not a string', '[1,1,1,1,0,null]'],
    ['a negative counter', '["k",1,-1,1,0,null]'],
    ['a fractional counter', '["k",1.5,1,1,0,null]'],
    ['a counter beyond the largest exact number', '["k",1,1,9007199254740992,0,null]'],
    ['a counter that is not a number', '["k",1,1,"1",0,null]'],
    ['a time that is not a number', '["k",1,1,1,"0",null]'],
    ['an infinite time', '["k",1,1,1,1e999,null]'],
    ['edits that are not a list', '["k",1,1,1,0,"x"]'],
    ['an edit that is not a list', '["k",1,1,1,0,[7]]'],
    ['a field that is not a string', '["k",1,1,1,0,[[7,1,0,1]]]'],
    ['a negative field version', '["k",1,1,1,0,[["a",-1,0,1]]]'],
    ['an edit without its value', '["k",1,1,1,0,[["a",1,0]]]'],
    ['an unknown kind of edit', '["k",1,1,1,0,[["a",1,2,1]]]'],
    ['an inner patch that is not a list', '["k",1,1,1,0,[["a",1,1,{}]]]'],
    ['an operation that is not a list', '["k",1,1,1,0,[["a",1,1,[7]]]]'],
    ['an unknown operation', '["k",1,1,1,0,[["a",1,1,[[6,"/x",1]]]]]'],
    ['an operation named like an array member', '["k",1,1,1,0,[["a",1,1,[["length","/x",1]]]]]'],
    ['an operation code inside a list', '["k",1,1,1,0,[["a",1,1,[[[1],"/x"]]]]]'],
    ['an operation without a path', '["k",1,1,1,0,[["a",1,1,[[1]]]]]'],
    ['an addition without a value', '["k",1,1,1,0,[["a",1,1,[[0,"/x"]]]]]'],
    ['a move without a source', '["k",1,1,1,0,[["a",1,1,[[3,"/x",1]]]]]'],
  ])('skips and counts it and keeps the others: %s', (_, broken) => {
    const { changes, malformed: count } = decodeFrame(`[1,"e","o",[${good},${broken},${good}]]`)
    expect(changes.map(({ key }) => key)).toEqual(['good', 'good'])
    expect(count).toBe(1)
  })
})
