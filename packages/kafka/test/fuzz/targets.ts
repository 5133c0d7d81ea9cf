import type { FuzzInput, FuzzTarget } from '../../../core/test/fuzz/target.ts'
import { resolveBusOptions } from '../../src/bus/settings.ts'
import { parseTarget } from '../../src/bus/target.ts'
import { kafkaPartitionOf, recordKey, topicName } from '../../src/names.ts'

const URL_OF_A_BUS =
  'kafka://ann:p%40ss@host1:9092?brokers=host2:9092,host3:9093&topic=sync.{partition}&partitions=6&replicas=3&retention=1h&timeout=3s&tls=true&sasl=scram-sha-256&client=kafkajs'

const name = ({ mutate }: FuzzInput): string => mutate('eu-west.1_größe{partition}$&') || '-'

/** Names and URLs as Kafka is given them. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'Kafka topics': (given) => {
    const topic = topicName('sync.{partition}', name(given))
    if (!/^sync\.[A-Za-z0-9_-]{1,244}$/.test(topic)) throw new Error(`${topic} is no name of a topic`)
  },
  'Kafka keys': (given) => {
    const scope = { partition: name(given), section: name(given), key: name(given) }
    const back = JSON.parse(recordKey(scope)) as string[]
    if (back.join('\n') !== Object.values(scope).join('\n')) throw new Error(`${recordKey(scope)} is read as ${back}`)
    const partition = kafkaPartitionOf(scope.section, scope.key, 12)
    if (!(partition >= 0 && partition < 12)) throw new Error(`no partition: ${partition}`)
  },
  'Kafka URLs': ({ mutate }) => {
    const { brokers, options } = parseTarget(mutate(URL_OF_A_BUS))
    resolveBusOptions(brokers, options)
  },
}
