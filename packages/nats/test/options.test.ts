import { natsBus } from '@sync/nats'
import { describe, expect, it } from 'vitest'

describe('natsBus(target, options)', () => {
  it('throws SYNC_ARGUMENT for an unknown option and names it', () => {
    const call = (): unknown => natsBus('nats://localhost', { transprt: 'x' } as never)
    expect(call).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
    expect(call).toThrow(/"transprt"/)
  })
})
