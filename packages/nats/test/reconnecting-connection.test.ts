import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NatsConnection, Status } from '@nats-io/transport-node'
import { describe, expect, it, vi } from 'vitest'
import { ReconnectingConnection } from '../src/connection/reconnecting-connection.ts'

/** Opens a connection over a fake client, whose status events the test emits. */
async function openTestConnection(): Promise<{
  readonly reconnecting: ReconnectingConnection
  readonly emitStatus: (status: Status['type']) => void
}> {
  let wake = Promise.withResolvers<Status>()
  const emitStatus = (type: Status['type']): void => {
    const { resolve } = wake
    wake = Promise.withResolvers()
    resolve({ type } as Status)
  }
  async function* status(): AsyncGenerator<Status> {
    for (;;) yield await wake.promise
  }
  const connection = { status, close: async () => {} } as unknown as NatsConnection
  const reconnecting = new ReconnectingConnection({
    dial: async () => connection,
    owned: true,
    address: 'localhost:4222',
    timeout: 60_000,
  })
  reconnecting.start({ up() {}, down() {}, publishDenied() {} })
  await reconnecting.withConnection(async () => {})
  return { reconnecting, emitStatus }
}

describe('withConnection()', () => {
  it('retains nothing of settled calls while the connection stays up', async () => {
    setFlagsFromString('--expose_gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const { reconnecting } = await openTestConnection()
    const results: WeakRef<object>[] = []
    for (let n = 0; n < 100; n++) results.push(new WeakRef(await reconnecting.withConnection(async () => ({ n }))))
    await vi.waitFor(
      () => {
        collectGarbage()
        expect(results.filter((result) => result.deref() !== undefined).length).toBeLessThan(5)
      },
      { timeout: 20_000 },
    )
    await reconnecting.close()
  })

  it('rejects calls in flight when the connection is lost or closed', async () => {
    const { reconnecting, emitStatus } = await openTestConnection()
    const never = (): Promise<never> => new Promise(() => {})
    const callDuringLoss = expect(reconnecting.withConnection(never)).rejects.toMatchObject({
      code: 'SYNC_BUS_UNAVAILABLE',
    })
    emitStatus('disconnect')
    await callDuringLoss
    emitStatus('reconnect')
    expect(await reconnecting.withConnection(async () => 'again')).toBe('again')
    const callDuringClose = expect(reconnecting.withConnection(never)).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    await reconnecting.close()
    await callDuringClose
  })
})
