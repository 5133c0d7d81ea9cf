import { expect, test } from 'vitest'
import { StreamReader } from '../src/bus/stream-reader.ts'
import type { Command, Connection, ConnectionState } from '../src/connection/connection.ts'

/** A connection that answers when told to. */
function scripted(answers: Readonly<Record<string, () => Promise<unknown>>>) {
  let listener: (state: ConnectionState) => void = () => {}
  const connection = {
    address: 'host:1',
    server: 'a server',
    send: ([name]: Command) => answers[name]?.() ?? new Promise(() => {}),
    onState(tell: typeof listener) {
      listener = tell
      return () => {}
    },
  }
  return { connection: connection as unknown as Connection, tell: (state: ConnectionState) => listener(state) }
}

const missing = { XREAD: () => Promise.resolve(null), XINFO: () => Promise.reject(new Error('ERR no such key')) }
const scope = { partition: 'p', section: 's' }
const options = { timeout: 1_000, onError: () => {} }

test('a subscription that comes between "up" and the check of the cursors is not forgotten', async () => {
  const id = Promise.withResolvers<string>()
  const listening = scripted({ CLIENT: () => id.promise })
  const reader = new StreamReader(
    { commands: scripted(missing).connection, listening: listening.connection },
    options,
    () => {},
  )
  listening.tell('up')
  const subscribed = reader.listen('stream', scope, () => {}, undefined)
  // the look at the stream is answered before the other
  await new Promise((resolve) => setImmediate(resolve))
  id.resolve('7')
  await subscribed
  reader.close()
})

test('a subscription rejects when the line is lost before it was live, and leaves nothing behind', async () => {
  const told: string[] = []
  const listening = scripted({ CLIENT: () => Promise.resolve('7') })
  const lines = { commands: scripted(missing).connection, listening: listening.connection }
  const reader = new StreamReader(lines, options, (state) => told.push(state))
  const subscribed = reader.listen('stream', scope, () => {}, undefined)
  await new Promise((resolve) => setImmediate(resolve))
  listening.tell('down')
  await expect(subscribed).rejects.toMatchObject({ code: 'SYNC_BUS_AWAY', message: expect.stringContaining('host:1') })
  expect(told).toEqual([])
  reader.close()
})
