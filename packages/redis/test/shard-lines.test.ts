import { expect, onTestFinished, test, vi } from 'vitest'
import { type ShardLine, ShardLines } from '../src/connection/shard-lines.ts'

/** A line on which every call is answered so. */
const answering = (answer: () => Promise<unknown>) => (): ShardLine => ({
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

test.each([
  ['loads its data', refusing],
  ['cannot be reached', unreachable],
])('a node that %s is tried until it serves', async (_, first) => {
  const ways = [first, first, serving]
  const lines = new ShardLines(
    { masters: async () => [{ host: 'node', port: 1 }], open: () => (ways.shift() ?? unreachable)() },
    { address: 'node:1' },
  )
  onTestFinished(() => lines.close())
  const states: string[] = []
  lines.onState((state) => states.push(state))
  await vi.waitFor(() => expect(states).toEqual(['down', 'down', 'up']), { interval: 1 })
})
