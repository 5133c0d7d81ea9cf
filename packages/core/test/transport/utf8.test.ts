import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8ByteLength } from '../../src/transport/utf8.ts'

const any = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })))
    .map((units) => String.fromCharCode(...units)),
)

test('the length in UTF-8 is that of the encoded text, lone surrogates included', () => {
  fc.assert(
    fc.property(any, (text) => {
      expect(utf8ByteLength(text)).toBe(Buffer.byteLength(text))
    }),
    { numRuns: 500 },
  )
})

test.each([
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
])('%j takes %d bytes', (text, bytes) => {
  expect(utf8ByteLength(text)).toBe(bytes)
})
