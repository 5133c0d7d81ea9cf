import { startProxy, startRedis } from '@sync/brokers'
import type { BusHarness } from '@sync/conformance'
import { redisBus } from '@sync/redis'
import { openClient } from './open-client.ts'
import type { Variant } from './store-harness.ts'

let harnessCount = 0

type TransportName = 'pubsub' | 'streams'

/** Returns Node arguments for a process that opens a bus, subscribes and closes it. */
export const busScript = (url: string, options: object): string[] => [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { redisBus } from '${new URL('../src/index.ts', import.meta.url)}'
   const bus = redisBus('${url}', ${JSON.stringify(options)})
   await bus.subscribe({ partition: 'p', section: 's' }, () => {})
   await bus.close()`,
]

/** Starts a server per rule, so that every fault can be injected. */
export async function redisBusHarness(
  transport: TransportName,
  { flavor = 'redis', client = 'ioredis' }: Variant = {},
): Promise<BusHarness> {
  const redis = await startRedis({ flavor })
  const proxy = await startProxy({ target: redis.url })
  const thrown: unknown[] = []
  const options = {
    transport,
    client,
    timeout: '500ms',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  } as const
  return {
    namespace: `ns${++harnessCount}`,
    thrown,
    program: busScript(redis.url, { transport, client }),
    open: async () => redisBus(proxy.url, options),
    faults: {
      kill: () => redis.kill(),
      restart: () => redis.restart(),
      pause: () => redis.pause(),
      resume: () => redis.resume(),
      cut: () => proxy.resetAll(),
    },
    async injected() {
      const given = await openClient(redis.url, client)
      return { ...given, client: redisBus(given.opened, options) }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => redisBus('redis://127.0.0.1:1', options) },
    async close() {
      await proxy[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}
