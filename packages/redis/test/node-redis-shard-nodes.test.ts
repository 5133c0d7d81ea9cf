import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NodeRedisShardNodes } from '../src/connection/node-redis-shard-nodes.ts'

const TIMEOUT = 3_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Opens a shard connection to a node with scripted replies. */
function openConnection() {
  const onLost = vi.fn()
  const pending: ((reply: string) => void)[] = []
  const client = {
    isReady: true,
    isOpen: true,
    connect: async () => {},
    sendCommand: () => new Promise<string>((resolve) => pending.push(resolve)),
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
  const connection = nodes.open(node, { onMessage: () => {}, onLost })
  /** Lets the check query the node, runs `beforeReply`, and replies with this number of channels. */
  async function replyWith(channels: number, beforeReply: () => Promise<unknown> = async () => {}): Promise<void> {
    await vi.advanceTimersByTimeAsync(TIMEOUT / 3)
    await beforeReply()
    pending.shift()?.(`id=3 sub=0 psub=0 ssub=${channels} multi=-1`)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { connection, onLost, replyWith, [Symbol.dispose]: () => connection.close() }
}

describe('NodeRedisShardNodes', () => {
  it('reports a loss when the node has ended a channel unnoticed', async () => {
    using opened = openConnection()
    const { connection, onLost, replyWith } = opened
    await connection.subscribe('a')
    await connection.subscribe('b')
    await replyWith(2)
    expect(onLost).not.toHaveBeenCalled()
    await replyWith(1)
    expect(onLost).toHaveBeenCalled()
  })

  it('reports no loss when a subscription changes during the check', async () => {
    using opened = openConnection()
    const { connection, onLost, replyWith } = opened
    await replyWith(0, () => connection.subscribe('a'))
    await replyWith(1, () => connection.unsubscribe('a'))
    await replyWith(0)
    expect(onLost).not.toHaveBeenCalled()
  })

  it('reports a loss without a reply, and none for a reply without a count', async () => {
    using opened = openConnection()
    const { connection, onLost, replyWith } = opened
    await connection.subscribe('a')
    await replyWith(Number.NaN)
    expect(onLost).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(3 * TIMEOUT)
    expect(onLost).toHaveBeenCalled()
  })
})
