import { expect, it, onTestFinished, vi } from 'vitest'
import { type ShardConnection, ShardConnections } from '../src/connection/shard-connections.ts'

/** A line on which every call is answered so. */
const answering = (answer: () => Promise<unknown>) => (): ShardConnection => ({
  call: answer,
  subscribe: answer,
  unsubscribe: answer,
  close: () => {},
})

const serving = answering(async () => 'PONG')
const refusing = answering(() => Promise.reject(new Error('LOADING Redis is loading the dataset in memory')))
const unreachable = (): never => {
  throw new Error('the node cannot be reached')
}

it.each([
  ['loads its data', refusing],
  ['cannot be reached', unreachable],
])('a node that %s is tried until it serves', async (_, first) => {
  const attempts = [first, first, serving]
  const connections = new ShardConnections(
    { masters: async () => [{ host: 'node', port: 1 }], open: () => (attempts.shift() ?? unreachable)() },
    { address: 'node:1' },
  )
  onTestFinished(() => connections.close())
  const states: string[] = []
  connections.onState((state) => states.push(state))
  await vi.waitFor(() => expect(states).toEqual(['down', 'down', 'up']), { interval: 1 })
})
