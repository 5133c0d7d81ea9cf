import { connect } from '@nats-io/transport-node'
import { type NatsRelease, startNats, startProxy } from '@sync/brokers'
import type { BusHarness } from '@sync/conformance'
import type { ChangeBus } from '@sync/core'
import { type NatsBusOptions, natsBus } from '@sync/nats'

let harnessCount = 0

/** Transport and server release of a harness. */
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

/** Resolves to the bus once it is connected, because it declares the server's capabilities only from then on. */
const connected = (bus: ChangeBus): Promise<ChangeBus> =>
  new Promise((resolve) => {
    const unsubscribe = bus.onStatus(() => {
      unsubscribe()
      resolve(bus)
    })
  })

/** Starts a server for one rule, so that the rule can inject any fault. */
export async function natsBusHarness({ transport, release = 'newest' }: HarnessOptions): Promise<BusHarness> {
  const nats = await startNats({ release, config: { max_payload: 65_536 } })
  const proxy = await startProxy({ target: nats.url })
  const thrown: unknown[] = []
  // the server announces its own address, by which the client would bypass the proxy
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
      const client = await connect({ servers: nats.url })
      return {
        client: natsBus(client, options),
        isOpen: async () => (await client.rtt()) >= 0,
        end: () => client.close(),
      }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => natsBus('nats://127.0.0.1:1', options) },
    async close() {
      await proxy[Symbol.asyncDispose]()
      await nats[Symbol.asyncDispose]()
    },
  }
}
