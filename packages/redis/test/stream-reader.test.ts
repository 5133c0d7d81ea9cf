import { expect, it, vi } from 'vitest'
import { BlockingFeed } from '../src/bus/blocking-feed.ts'
import { Connectivity } from '../src/bus/connectivity.ts'
import { StreamReader } from '../src/bus/stream-reader.ts'
import type { Command, Connection, ConnectionState } from '../src/connection/connection.ts'

/** A connection that answers when told to. */
function scripted(answers: Readonly<Record<string, () => Promise<unknown>>>) {
  let stateListener: (state: ConnectionState) => void = () => {}
  const connection = {
    address: 'host:1',
    serverId: 'a server',
    send: ([name]: Command) => answers[name]?.() ?? new Promise(() => {}),
    onState(emitState: typeof stateListener) {
      stateListener = emitState
      return () => {}
    },
  }
  return {
    connection: connection as unknown as Connection,
    emitState: (state: ConnectionState) => stateListener(state),
  }
}

const missing = { XREAD: () => Promise.resolve(null), XINFO: () => Promise.reject(new Error('ERR no such key')) }
const scope = { partition: 'p', section: 's' }

function readerOn(commands: Connection, subscriber: Connection, onState: (state: ConnectionState) => void = () => {}) {
  const connectivity = new Connectivity(onState)
  const feed = new BlockingFeed({ commands, listening: subscriber }, { timeout: 1_000, maxFrames: 100 }, connectivity)
  return new StreamReader(feed, { commands, onError: () => {}, onGap: () => connectivity.pulse() })
}

it('a subscription that comes between "up" and the check of the cursors is not forgotten', async () => {
  const id = Promise.withResolvers<string>()
  const listening = scripted({ CLIENT: () => id.promise })
  const reader = readerOn(scripted(missing).connection, listening.connection)
  listening.emitState('up')
  const subscribed = reader.subscribe('stream', scope, () => {}, undefined)
  // the look at the stream is answered before the other
  await new Promise((resolve) => setImmediate(resolve))
  id.resolve('7')
  await subscribed
  reader.close()
})

it('a subscription rejects when the line is lost before it was live, and leaves nothing behind', async () => {
  const told: string[] = []
  const listening = scripted({ CLIENT: () => Promise.resolve('7') })
  const reader = readerOn(scripted(missing).connection, listening.connection, (state) => told.push(state))
  const subscribed = reader.subscribe('stream', scope, () => {}, undefined)
  await new Promise((resolve) => setImmediate(resolve))
  listening.emitState('down')
  await expect(subscribed).rejects.toMatchObject({
    code: 'SYNC_BUS_UNAVAILABLE',
    message: expect.stringContaining('host:1'),
  })
  expect(told).toEqual([])
  reader.close()
})

it('a subscription that was under way when the bus was closed rejects, though its line never was up', async () => {
  const pendingRead = Promise.withResolvers<null>()
  const commands = scripted({ ...missing, XREAD: () => pendingRead.promise })
  const reader = readerOn(commands.connection, scripted({}).connection)
  const subscribed = reader.subscribe('stream', scope, () => {}, undefined)
  await new Promise((resolve) => setImmediate(resolve))
  reader.close()
  pendingRead.resolve(null)
  await expect(subscribed).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
})

it.each([
  ['1-0', []],
  ['11-0', ['down', 'up']],
])(
  'as many entries as a stream keeps, of one that begins with %s, are told as a loss if it lacks the last one shown',
  async (first, wanted) => {
    const told: string[] = []
    const shown: unknown[] = []
    const entries = Array.from({ length: 100 }, (_, n) => [`${n + 11}-0`, ['frame', `f${n}`]])
    let [begins, ends] = ['1-0', '10-0']
    const info = () => ({ length: 100, 'entries-added': 200, 'last-generated-id': ends, 'first-entry': [begins, []] })
    const commands = scripted({ XREAD: () => Promise.resolve(null), XINFO: () => Promise.resolve(info()) })
    let reads = 0
    const listening = scripted({
      CLIENT: () => Promise.resolve('7'),
      XREAD() {
        begins = first
        ends = '110-0'
        return reads++ === 0 ? Promise.resolve({ stream: entries }) : new Promise(() => {})
      },
    })
    const reader = readerOn(commands.connection, listening.connection, (state) => told.push(state))
    listening.emitState('up')
    await reader.subscribe('stream', scope, (frame) => shown.push(frame), undefined)
    await vi.waitFor(() => expect(shown).toHaveLength(100), { interval: 1 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual(['up', ...wanted])
    reader.close()
  },
)
