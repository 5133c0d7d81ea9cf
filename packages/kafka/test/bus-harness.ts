import type { BusHarness } from '@sync/conformance'
import { type KafkaBusOptions, kafkaBus } from '@sync/kafka'
import { acquireBroker, releaseBroker } from './shared-broker.ts'

let harnessCount = 0

const program = (url: string): string[] => [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { kafkaBus } from '${new URL('../src/index.ts', import.meta.url)}'
   const bus = kafkaBus('${url}')
   await bus.subscribe({ partition: 'p', section: 's' }, () => {})
   await bus.close()`,
]

/** Creates harnesses that share one broker, because it takes seconds to start. Each harness has its own topics. */
export const kafkaBusHarness = (client: NonNullable<KafkaBusOptions['client']>) => async (): Promise<BusHarness> => {
  const { kafka, proxy } = await acquireBroker()
  const thrown: unknown[] = []
  const options: KafkaBusOptions = {
    client,
    timeout: '3s',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  }
  return {
    namespace: `${client}${++harnessCount}-${process.pid}`,
    thrown,
    program: program(`${kafka.url}?client=${client}`),
    open: async () => kafkaBus([`127.0.0.1:${proxy.port}`], options),
    faults: {
      kill: () => kafka.kill(),
      restart: () => kafka.restart(),
      pause: () => kafka.pause(),
      resume: () => kafka.resume(),
      cut: () => proxy.resetAll(),
    },
    unreachable: { address: '127.0.0.1:1', open: async () => kafkaBus(['127.0.0.1:1'], options) },
    close: releaseBroker,
  }
}
