import { connect } from '@nats-io/transport-node'
import { type NatsRelease, startNats, startProxy } from '@sync/brokers'
import type { BusHarness } from '@sync/conformance'
import type { ChangeBus } from '@sync/core'
import { type NatsBusOptions, natsBus } from '@sync/nats'

let harnessCount = 0

/** Which bus, on which server. */
export interface HarnessOptions {
  readonly transport: 'core' | 'jetstream'
  readonly release?: NatsRelease
}

const program = (url: string, transport: string): string[] => [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { natsBus } from '${new URL('../src/index.ts', import.meta.url)}'
   const bus = natsBus('${url}?transport=${transport}')
   await bus.subscribe({ partition: 'p', section: 's' }, () => {})
   await bus.close()`,
]

/** Resolves when it has been connected: from then on it declares what the server can do. */
const connected = (bus: ChangeBus): Promise<ChangeBus> =>
  new Promise((resolve) => {
    const stop = bus.onStatus(() => {
      stop()
      resolve(bus)
    })
  })

/** A server of its own for each rule, so that every fault can be had. */
export async function natsBusHarness({ transport, release = 'newest' }: HarnessOptions): Promise<BusHarness> {
  const nats = await startNats({ release, config: { max_payload: 65_536 } })
  const proxy = await startProxy({ target: nats.url })
  const thrown: unknown[] = []
  // the client must not learn of the way past the proxy
  const connection = { ignoreClusterUpdates: true }
  const options: NatsBusOptions = { transport, timeout: '500ms', onError: (error) => thrown.push(error) }
  return {
    namespace: `ns${++harnessCount}`,
    thrown,
    program: program(nats.url, transport),
    open: () => connected(natsBus(proxy.url, { ...options, connection })),
    faults: {
      kill: () => nats.kill(),
      restart: () => nats.restart(),
      pause: () => nats.pause(),
      resume: () => nats.resume(),
      cut: () => proxy.resetAll(),
    },
    async injected() {
      const given = await connect({ servers: nats.url })
      return {
        client: natsBus(given, options),
        isOpen: async () => (await given.rtt()) >= 0,
        end: () => given.close(),
      }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => natsBus('nats://127.0.0.1:1', options) },
    async close() {
      await proxy[Symbol.asyncDispose]()
      await nats[Symbol.asyncDispose]()
    },
  }
}
