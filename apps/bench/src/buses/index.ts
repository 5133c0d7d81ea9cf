import type { Bench } from '../figure.ts'
import { migrationFigures } from '../migration/figures.ts'
import { natsToStreams, pubSubToKafka } from '../migration/scenarios.ts'
import { bareKafkajs } from './bare/kafkajs.ts'
import { barePlatformatic } from './bare/platformatic.ts'
import { bytes } from './bytes.ts'
import { addedLatency } from './latency.ts'
import { startUp } from './start-up.ts'
import { jetStream, kafkajs, natsCore, platformatic } from './subjects.ts'
import { throughput } from './throughput.ts'

const all = [natsCore, jetStream, kafkajs, platformatic]

/**
 * Each bus on a broker that the bench starts, against the broker's bare client. No store is involved. Also measures moving a fleet
 * from one bus to another.
 */
export const buses: Bench = {
  name: 'buses',
  figures: [
    throughput(natsCore, 1),
    throughput(jetStream, 4),
    throughput(kafkajs, 1),
    throughput(platformatic, 1),
    ...all.map(addedLatency),
    ...all.map(bytes),
    startUp('kafkajs', bareKafkajs),
    startUp('platformatic', barePlatformatic),
    ...[pubSubToKafka, natsToStreams].flatMap(migrationFigures),
  ],
}
