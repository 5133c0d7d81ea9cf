import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import type { OpenSide } from '../side.ts'
import { type OpenWire, openBare } from './bare.ts'
import { inBatches } from './batches.ts'
import { makeTopic } from './topic.ts'

const open: OpenWire = async ({ publish, hear }, onMessage) => {
  const topic = await makeTopic(hear)
  const at = (url: string): Kafka => new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING })
  const producer = at(publish).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = at(hear).consumer({ groupId: randomUUID() })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topic, fromBeginning: true })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) if (value) onMessage(value)
    },
  })
  await joined
  const send = inBatches((batch) => producer.send({ topic, acks: -1, messages: [...batch] }))
  return {
    send: (key, value) => send({ key, value }),
    async close() {
      await Promise.all([producer.disconnect(), consumer.disconnect()])
    },
  }
}

/** kafkajs: a producer that gathers, a consumer in a group of its own. */
export const bareKafkajs: OpenSide = openBare(open)
