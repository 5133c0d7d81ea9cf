import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { NodeRedisShardNodes } from '../src/connection/node-redis-shard-nodes.ts'

const TIMEOUT = 3_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A line to a node that answers when it is told to. */
function openLine() {
  const onLost = vi.fn()
  const asked: ((answer: string) => void)[] = []
  const client = {
    isReady: true,
    isOpen: true,
    connect: async () => {},
    sendCommand: () => new Promise<string>((resolve) => asked.push(resolve)),
    subscribe: async () => {},
    unsubscribe: async () => {},
    sSubscribe: async () => {},
    sUnsubscribe: async () => {},
    duplicate: () => client,
    destroy: () => {},
    on: () => {},
    off: () => {},
  }
  const node = { host: 'node', port: 1, client }
  const cluster = { masters: [node], nodeByAddress: new Map([['node:1', node]]), nodeClient: async () => {} }
  const nodes = new NodeRedisShardNodes(cluster, { timeout: TIMEOUT, refreshSlots: async () => {} })
  const line = nodes.open(node, { onMessage: () => {}, onLost })
  /** The node is asked how many channels there are, and tells after `meanwhile`. */
  async function count(channels: number, meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
    await vi.advanceTimersByTimeAsync(TIMEOUT / 3)
    await meanwhile()
    asked.shift()?.(`id=3 sub=0 psub=0 ssub=${channels} multi=-1`)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { line, lost: onLost, count, [Symbol.dispose]: () => line.close() }
}

it('a channel that the node has ended unheard counts as lost', async () => {
  using opened = openLine()
  const { line, lost, count } = opened
  await line.subscribe('a')
  await line.subscribe('b')
  await count(2)
  expect(lost).not.toHaveBeenCalled()
  await count(1)
  expect(lost).toHaveBeenCalled()
})

it('a channel that came or went while the node was asked does not', async () => {
  using opened = openLine()
  const { line, lost, count } = opened
  await count(0, () => line.subscribe('a'))
  await count(1, () => line.unsubscribe('a'))
  await count(0)
  expect(lost).not.toHaveBeenCalled()
})

it('a node that does not tell counts as lost, and one that cannot does not', async () => {
  using opened = openLine()
  const { line, lost, count } = opened
  await line.subscribe('a')
  await count(Number.NaN)
  expect(lost).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(3 * TIMEOUT)
  expect(lost).toHaveBeenCalled()
})
