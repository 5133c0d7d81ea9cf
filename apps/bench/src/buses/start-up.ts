import { startKafka } from '@sync/brokers'
import { type KafkaBusOptions, kafkaBus } from '@sync/kafka'
import type { Figure } from '../figure.ts'
import { median, spread } from '../statistics.ts'
import type { OpenBusUnderTest } from './bus-under-test.ts'
import { SCOPE } from './changes.ts'

const ROUNDS = 7

/** Time from opening a bus to a live subscription: connect, create the topic, subscribe. */
export const startUp = (client: NonNullable<KafkaBusOptions['client']>, bare: OpenBusUnderTest): Figure => ({
  name: `Kafka with ${client}: connect, create a topic, subscribe, against joining a consumer group`,
  unit: 'ms, lower is better',
  goal: { atMost: 2_000, of: 'ours' },
  async measure() {
    await using kafka = await startKafka()
    const ours = async (round: number): Promise<AsyncDisposable> => {
      const bus = kafkaBus(kafka.url, { client, topic: `start-up-${round}` })
      await bus.subscribe(SCOPE, () => {})
      return bus
    }
    const rounds: { readonly ours: number; readonly baseline: number }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({
        ours: await timed(() => ours(round)),
        baseline: await timed(() => bare({ publish: kafka.url, subscribe: kafka.url })),
      })
    }
    const ratios = rounds.map((each) => each.ours / each.baseline)
    return {
      ours: median(rounds.map((each) => each.ours)),
      baseline: median(rounds.map((each) => each.baseline)),
      ratio: median(ratios),
      spread: spread(ratios),
    }
  },
})

async function timed(open: () => Promise<AsyncDisposable>): Promise<number> {
  const start = performance.now()
  await using _ = await open()
  return performance.now() - start
}
