import { afterEach, expect, test, vi } from 'vitest'
import {
  type IoredisCluster,
  IoredisClusterConnection,
  ownClusterBehaviour,
} from '../src/connection/ioredis-cluster.ts'

afterEach(() => void vi.useRealTimers())

test('a cluster is asked for its slots as long as it is open, and by nobody afterwards', async () => {
  vi.useFakeTimers()
  let asked = 0
  const client = {
    isCluster: true,
    status: 'ready',
    options: {},
    call: () => Promise.resolve(''),
    nodes: () => [],
    refreshSlotsCache: () => void asked++,
    disconnect: () => {},
    quit: () => Promise.resolve(),
    on: () => {},
    off: () => {},
  } as const satisfies IoredisCluster
  const connection = new IoredisClusterConnection(client, { timeout: 1_000, owned: true, address: 'host:1' })
  vi.advanceTimersByTime(5_000)
  expect(asked).toBe(5)
  await connection.close()
  vi.advanceTimersByTime(5_000)
  expect(asked).toBe(5)
  expect(vi.getTimerCount()).toBe(0)
  // its own timer is begun again by an answer that comes after the end
  expect(ownClusterBehaviour(1_000)).not.toHaveProperty('slotsRefreshInterval')
})
