import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/model/change.ts'
import { encodeFrames } from '../../src/transport/frames.ts'
import { encode } from './encoding.ts'

/** A product of 60 fields, about 3.5 KB of JSON. */
const document = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [
    `attribute${String(i).padStart(2, '0')}`,
    `value of attribute ${i}, and some more text`,
  ]),
)

/** A change of the document as JSON Patch (RFC 6902): 121 bytes. */
const patch = [
  { op: 'replace', path: '/price', value: 1299.95 },
  { op: 'replace', path: '/stock/warehouses/17/available', value: 43_210 },
] as const

/** The same change as sent on the bus, with ids and counters of realistic length. */
const change: Change = {
  key: 'sku-00012345',
  epoch: 'V1StGXR8_Z5j',
  origin: 'uakgb_J5m9g0',
  generation: 104_233,
  version: 87,
  sequence: 1_240_991,
  time: 1_795_219_200_123,
  edits: [
    { field: 'price', version: 12, kind: 'whole', value: 1299.95 },
    {
      field: 'stock',
      version: 75,
      kind: 'delta',
      ops: [{ op: 'replace', path: '/warehouses/17/available', value: 43_210 }],
    },
  ],
}

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

describe('encodeFrames()', () => {
  it('encodes a small change of a 3.5 KB document in less than a twentieth of its size', () => {
    expect(bytes(patch)).toBe(121)
    expect(bytes(document)).toBeGreaterThan(3_400)
    expect(bytes(document)).toBeLessThan(3_600)
    const [frame] = encodeFrames([encode(change)], 1e6)
    const saved = 1 - Buffer.byteLength(frame?.text ?? '') / bytes(document)
    expect(saved).toBeGreaterThan(0.95)
  })

  it('encodes many such changes in less than a twenty-fifth of that size each', () => {
    const count = 16
    const [frame] = encodeFrames(
      Array.from({ length: count }, () => encode(change)),
      1e6,
    )
    expect(frame?.changes).toHaveLength(count)
    expect(1 - Buffer.byteLength(frame?.text ?? '') / count / bytes(document)).toBeGreaterThan(0.96)
  })
})
