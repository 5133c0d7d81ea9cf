import { describe, expect, it, vi } from 'vitest'
import { BlockingFeed } from '../src/bus/blocking-feed.ts'
import { Connectivity } from '../src/bus/connectivity.ts'
import { StreamReader } from '../src/bus/stream-reader.ts'
import type { Command, Connection, ConnectionState } from '../src/connection/connection.ts'

/** Creates a connection with scripted replies. Commands without one never settle. */
function scripted(replies: Readonly<Record<string, () => Promise<unknown>>>) {
  let stateListener: (state: ConnectionState) => void = () => {}
  const connection = {
    address: 'host:1',
    serverId: 'a server',
    send: ([name]: Command) => replies[name]?.() ?? new Promise(() => {}),
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

const NO_STREAM = { XREAD: () => Promise.resolve(null), XINFO: () => Promise.reject(new Error('ERR no such key')) }
const scope = { partition: 'p', section: 's' }

function readerOn(commands: Connection, listening: Connection, onState: (state: ConnectionState) => void = () => {}) {
  const connectivity = new Connectivity(onState)
  const feed = new BlockingFeed({ commands, listening }, { timeout: 1_000, maxFrames: 100 }, connectivity)
  return new StreamReader(feed, { commands, onError: () => {}, onGap: () => connectivity.pulse() })
}

describe('StreamReader on a BlockingFeed', () => {
  it('resolves a subscription that begins between `up` and the check of the cursors', async () => {
    const id = Promise.withResolvers<string>()
    const listening = scripted({ CLIENT: () => id.promise })
    const reader = readerOn(scripted(NO_STREAM).connection, listening.connection)
    listening.emitState('up')
    const subscribed = reader.subscribe('stream', scope, () => {}, undefined)
    // XINFO settles before CLIENT ID
    await new Promise((resolve) => setImmediate(resolve))
    id.resolve('7')
    await subscribed
    reader.close()
  })

  it('rejects a subscription and reports no state when the connection is lost before it is live', async () => {
    const states: string[] = []
    const listening = scripted({ CLIENT: () => Promise.resolve('7') })
    const reader = readerOn(scripted(NO_STREAM).connection, listening.connection, (state) => states.push(state))
    const subscribed = reader.subscribe('stream', scope, () => {}, undefined)
    await new Promise((resolve) => setImmediate(resolve))
    listening.emitState('down')
    await expect(subscribed).rejects.toMatchObject({
      code: 'SYNC_BUS_UNAVAILABLE',
      message: expect.stringContaining('host:1'),
    })
    expect(states).toEqual([])
    reader.close()
  })

  it('rejects a pending subscription on close, even if the connection was never up', async () => {
    const pendingRead = Promise.withResolvers<null>()
    const commands = scripted({ ...NO_STREAM, XREAD: () => pendingRead.promise })
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
    'after a full read, with a stream that begins at %s, reports states %j depending on whether it has the last delivered entry',
    async (first, expected) => {
      const states: string[] = []
      const delivered: unknown[] = []
      const entries = Array.from({ length: 100 }, (_, n) => [`${n + 11}-0`, ['frame', `f${n}`]])
      let [firstId, lastId] = ['1-0', '10-0']
      const info = () => ({
        length: 100,
        'entries-added': 200,
        'last-generated-id': lastId,
        'first-entry': [firstId, []],
      })
      const commands = scripted({ XREAD: () => Promise.resolve(null), XINFO: () => Promise.resolve(info()) })
      let reads = 0
      const listening = scripted({
        CLIENT: () => Promise.resolve('7'),
        XREAD() {
          firstId = first
          lastId = '110-0'
          return reads++ === 0 ? Promise.resolve({ stream: entries }) : new Promise(() => {})
        },
      })
      const reader = readerOn(commands.connection, listening.connection, (state) => states.push(state))
      listening.emitState('up')
      await reader.subscribe('stream', scope, (frame) => delivered.push(frame), undefined)
      await vi.waitFor(() => expect(delivered).toHaveLength(100), { interval: 1 })
      await new Promise((resolve) => setImmediate(resolve))
      expect(states).toEqual(['up', ...expected])
      reader.close()
    },
  )
})
