import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type ShardConnection, ShardConnections } from '../src/connection/shard-connections.ts'

/** Creates a connection on which every call gets the same reply. */
const replyingWith = (reply: () => Promise<unknown>) => (): ShardConnection => ({
  call: reply,
  subscribe: reply,
  unsubscribe: reply,
  close: () => {},
})

const ready = replyingWith(async () => 'role:master')
const loading = replyingWith(() => Promise.reject(new Error('LOADING Redis is loading the dataset in memory')))
const demoted = replyingWith(async () => 'role:slave')
const unreachable = (): never => {
  throw new Error('the node is unavailable')
}

describe('ShardConnections', () => {
  it.each([
    ['is loading its data', loading],
    ['is unavailable', unreachable],
    ['is a replica', demoted],
  ])('retries a node that %s until it is ready', async (_, first) => {
    const attempts = [first, first, ready]
    const connections = new ShardConnections(
      { masters: async () => [{ host: 'node', port: 1 }], open: () => (attempts.shift() ?? unreachable)() },
      { address: 'node:1' },
    )
    onTestFinished(() => connections.close())
    const states: string[] = []
    connections.onState((state) => states.push(state))
    await vi.waitFor(() => expect(states).toEqual(['down', 'down', 'up']), { interval: 1 })
  })
})
