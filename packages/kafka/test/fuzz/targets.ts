import type { FuzzInput, FuzzTarget } from '../../../core/test/fuzz/target.ts'
import { resolveBusOptions } from '../../src/bus/settings.ts'
import { parseTarget } from '../../src/bus/target.ts'
import { kafkaPartitionOf, recordKey, topicName } from '../../src/names.ts'

const BUS_URL =
  'kafka://ann:p%40ss@host1:9092?brokers=host2:9092,host3:9093&topic=sync.{partition}&partitions=6&replicas=3&retention=1h&timeout=3s&tls=true&sasl=scram-sha-256&client=kafkajs'

const name = ({ mutate }: FuzzInput): string => mutate('eu-west.1_größe{partition}$&') || '-'

/** Fuzz targets of this package: topics, keys and URLs. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'Kafka topics': (input) => {
    const topic = topicName('sync.{partition}', name(input))
    if (!/^sync\.[A-Za-z0-9_-]{1,244}$/.test(topic)) throw new Error(`${topic} is not a valid topic name`)
  },
  'Kafka keys': (input) => {
    const scope = { partition: name(input), section: name(input), key: name(input) }
    const decoded = JSON.parse(recordKey(scope)) as string[]
    if (decoded.join('\n') !== Object.values(scope).join('\n'))
      throw new Error(`${recordKey(scope)} decodes to ${decoded}`)
    const partition = kafkaPartitionOf(scope.section, scope.key, 12)
    if (!(partition >= 0 && partition < 12)) throw new Error(`expected a Kafka partition below 12, got ${partition}`)
  },
  'Kafka URLs': ({ mutate }) => {
    const { brokers, options } = parseTarget(mutate(BUS_URL))
    resolveBusOptions(brokers, options)
  },
}
