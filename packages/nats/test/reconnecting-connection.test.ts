import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NatsConnection, Status } from '@nats-io/transport-node'
import { expect, test, vi } from 'vitest'
import { ReconnectingConnection } from '../src/connection/reconnecting-connection.ts'

/** A line that is up, over a connection that says of itself what it is told to. */
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
    address: 'here',
    timeout: 60_000,
  })
  reconnecting.start({ up() {}, down() {}, publishDenied() {} })
  await reconnecting.withConnection(async () => {})
  return { reconnecting, emitStatus }
}

test('a line keeps nothing of the calls that it has served, however long it is up', async () => {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void
  const { reconnecting } = await openTestConnection()
  const results: WeakRef<object>[] = []
  for (let n = 0; n < 100; n++) results.push(new WeakRef(await reconnecting.withConnection(async () => ({ n }))))
  await vi.waitFor(
    () => {
      collect()
      expect(results.filter((each) => each.deref() !== undefined).length).toBeLessThan(5)
    },
    { timeout: 20_000 },
  )
  await reconnecting.close()
})

test('what is under way when the line is lost, or closed, is refused', async () => {
  const { reconnecting, emitStatus } = await openTestConnection()
  const never = (): Promise<never> => new Promise(() => {})
  const lost = expect(reconnecting.withConnection(never)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
  emitStatus('disconnect')
  await lost
  emitStatus('reconnect')
  expect(await reconnecting.withConnection(async () => 'again')).toBe('again')
  const closed = expect(reconnecting.withConnection(never)).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  await reconnecting.close()
  await closed
})
