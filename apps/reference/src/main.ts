import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { ConfigError } from '@sync/config'
import { shippedFeed } from 'feed'
import { createPageServer } from './server.ts'
import { openSystem } from './system.ts'

const DEFAULT_PORT = 4_600
const REPLICAS = 3
const RATE = 200

process.exitCode = await main(process.env)

/** Runs until a signal ends it. */
async function main(env: NodeJS.ProcessEnv): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    const transports = { store: env['SYNC_STORE'] ?? 'memory:', bus: env['SYNC_BUS'] ?? 'memory:' }
    const system = await openSystem({ ...transports, file: shippedFeed, replicas: REPLICAS, rate: RATE }, stop.signal)
    const server = createPageServer(system)
    try {
      server.listen(Number(env['PORT'] ?? DEFAULT_PORT), '127.0.0.1')
      await once(server, 'listening', { signal: stop.signal })
      console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      if (!stop.signal.aborted) await once(stop.signal, 'abort')
      return 0
    } finally {
      server.closeAllConnections()
      server.close()
      await system.close()
    }
  } catch (error) {
    if (stop.signal.aborted) return 0
    console.error(error instanceof ConfigError ? error.message : error)
    return 1
  }
}
