import { startProxy, startRedis } from '@sync/brokers'
import type { BusHarness } from '@sync/conformance'
import { redisBus } from '@sync/redis'
import { openClient } from './open-client.ts'
import type { Variant } from './store-harness.ts'

let harnessCount = 0

type TransportName = 'pubsub' | 'streams'

/** What opens a client, uses it and closes it. */
export const busScript = (url: string, options: object): string[] => [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { redisBus } from '${new URL('../src/index.ts', import.meta.url)}'
   const bus = redisBus('${url}', ${JSON.stringify(options)})
   await bus.subscribe({ partition: 'p', section: 's' }, () => {})
   await bus.close()`,
]

/** A server of its own for each rule, so that every fault can be had. */
export async function redisBusHarness(
  bus: TransportName,
  { flavor = 'redis', client = 'ioredis' }: Variant = {},
): Promise<BusHarness> {
  const redis = await startRedis({ flavor })
  const proxy = await startProxy({ target: redis.url })
  const thrown: unknown[] = []
  const options = {
    bus,
    client,
    timeout: '500ms',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  } as const
  return {
    namespace: `ns${++harnessCount}`,
    thrown,
    program: busScript(redis.url, { bus, client }),
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
