import { describe, expect, it } from 'vitest'
import { openReference } from './reference.ts'

describe('System.close()', () => {
  it('returns promptly when a move is in progress', { timeout: 60_000 }, async () => {
    // no server listens on this port
    const app = await openReference({ buses: ['memory:close-test', 'nats://127.0.0.1:1'] })
    await app.frame(({ rate }) => rate > 0)
    const moving = app.system.moveBus('nats://127.0.0.1:1')
    const rejection = expect(moving).rejects.toMatchObject({ code: 'SERVICE_ENDED' })
    await app.frame(({ busy }) => busy === 'moving to nats://127.0.0.1:1')
    await app[Symbol.asyncDispose]()
    await rejection
  })
})
