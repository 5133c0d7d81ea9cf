import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { OpenBusUnderTest } from '../bus-under-test.ts'
import { type OpenBareClient, openBare } from './bare.ts'
import { batchSends } from './batches.ts'
import { createTopic } from './topic.ts'

const open: OpenBareClient = async ({ publish, subscribe }, onMessage) => {
  const topic = await createTopic(subscribe)
  const clientFor = (url: string): Kafka => new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING })
  const producer = clientFor(publish).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = clientFor(subscribe).consumer({ groupId: randomUUID() })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topic, fromBeginning: true })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) if (value) onMessage(value)
    },
  })
  await joined
  const send = batchSends((batch) => producer.send({ topic, acks: -1, messages: [...batch] }))
  return {
    send: (key, value) => send({ key, value }),
    async close() {
      await Promise.all([producer.disconnect(), consumer.disconnect()])
    },
  }
}

/** kafkajs: a batching producer, and a consumer in its own group. */
export const bareKafkajs: OpenBusUnderTest = openBare(open)
