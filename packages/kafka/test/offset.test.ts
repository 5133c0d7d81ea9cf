import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OffsetVector, type PartitionOffset, parseOffset } from '../src/bus/offset.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const offset: fc.Arbitrary<PartitionOffset> = fc.oneof(
  fc.record({ next: fc.maxSafeNat() }),
  fc.record({ next: fc.maxSafeNat(), time: fc.nat(8_640_000_000_000) }),
)

describe('parseOffset()', () => {
  it('returns the progress in each Kafka partition that OffsetVector wrote', () => {
    fc.assert(
      fc.property(fc.array(offset, { minLength: 1, maxLength: 9 }), (offsets) => {
        expect(parseOffset(new OffsetVector(offsets).text)).toEqual(offsets)
      }),
      { seed },
    )
  })

  it.each(['', 'k1:', 'k1:-1', 'k1:1,', 'k2:1', 'k1:1@', 'k1:1e9', '7', 'k1:1 '])('rejects %j', (text) => {
    expect(() => parseOffset(text)).toThrow('expected an offset of a Kafka bus')
  })
})
