import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8ByteLength } from '../../src/transport/utf8.ts'

const any = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })))
    .map((units) => String.fromCharCode(...units)),
)

describe('utf8ByteLength()', () => {
  it('equals the length of the encoded text, including lone surrogates', () => {
    fc.assert(
      fc.property(any, (text) => {
        expect(utf8ByteLength(text)).toBe(Buffer.byteLength(text))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['', 0],
    ['\u007f', 1],
    ['\u0080', 2],
    ['\u07ff', 2],
    ['\u0800', 3],
    ['\uffff', 3],
    ['\u{10000}', 4],
    ['\ud800', 3],
    ['\udc00\ud800', 6],
    ['\ud800\ud800\udc00', 7],
  ])('returns for %j the length %d', (text, bytes) => {
    expect(utf8ByteLength(text)).toBe(bytes)
  })
})
