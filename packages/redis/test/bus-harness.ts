import { startProxy, startRedis } from '@sync/brokers'
import type { BusHarness } from '@sync/conformance'
import { redisBus } from '@sync/redis'
import { openClient } from './open-client.ts'
import type { Variant } from './store-harness.ts'

let harnesses = 0

type Kind = 'pubsub' | 'streams'

/** What opens a client, uses it and closes it. */
export const busProgram = (url: string, options: object): string[] => [
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
  bus: Kind,
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
    namespace: `ns${++harnesses}`,
    thrown,
    program: busProgram(redis.url, { bus, client }),
    open: async () => redisBus(proxy.url, options),
    faults: {
      kill: () => redis.kill(),
      restart: () => redis.restart(),
      pause: () => redis.pause(),
      resume: () => redis.resume(),
      cut: () => proxy.cut(),
    },
    async injected() {
      const given = await openClient(redis.url, client)
      return { ...given, client: redisBus(given.opened, options) }
    },
    nowhere: { address: '127.0.0.1:1', open: async () => redisBus('redis://127.0.0.1:1', options) },
    async close() {
      await proxy[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}
