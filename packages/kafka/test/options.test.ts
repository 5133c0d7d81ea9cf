import { kafkaBus } from '@sync/kafka'
import { describe, expect, it } from 'vitest'

describe('kafkaBus(target, options)', () => {
  it('throws SYNC_ARGUMENT for an unknown option and names it', () => {
    const call = (): unknown => kafkaBus('kafka://localhost', { transprt: 'x' } as never)
    expect(call).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
    expect(call).toThrow(/"transprt"/)
  })
})
