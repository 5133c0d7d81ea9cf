import { expect, it } from 'vitest'
import { openReference } from './reference.ts'

it('ends at once, though a move is under way', { timeout: 60_000 }, async () => {
  // nobody listens there
  const app = await openReference({ buses: ['memory:close-test', 'nats://127.0.0.1:1'] })
  await app.frame(({ rate }) => rate > 0)
  const moving = app.system.moveBus('nats://127.0.0.1:1')
  const refused = expect(moving).rejects.toMatchObject({ code: 'GONE' })
  await app.frame(({ busy }) => busy === 'moving to nats://127.0.0.1:1')
  await app[Symbol.asyncDispose]()
  await refused
})
