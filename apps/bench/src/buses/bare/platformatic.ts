import { randomUUID } from 'node:crypto'
import { Consumer, Producer } from '@platformatic/kafka'
import type { OpenBusUnderTest } from '../bus-under-test.ts'
import { type OpenBareClient, openBare } from './bare.ts'
import { batchSends } from './batches.ts'
import { createTopic } from './topic.ts'

const open: OpenBareClient = async ({ publish, subscribe }, onMessage) => {
  const topic = await createTopic(subscribe)
  const connectionOptions = (url: string) => ({ clientId: 'bare', bootstrapBrokers: [new URL(url).host] })
  const producer = new Producer(connectionOptions(publish))
  const consumer = new Consumer({ ...connectionOptions(subscribe), groupId: randomUUID() })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
  stream.on('data', ({ value }) => {
    if (value) onMessage(value)
  })
  const send = batchSends((batch) =>
    producer.send({
      acks: -1,
      messages: batch.map(({ key, value }) => ({ topic, key: Buffer.from(key), value: Buffer.from(value) })),
    }),
  )
  return {
    send: (key, value) => send({ key, value }),
    async close() {
      await stream.close()
      await Promise.all([producer.close(), consumer.close()])
    },
  }
}

/** @platformatic/kafka: a batching producer, and a consumer in its own group. */
export const barePlatformatic: OpenBusUnderTest = openBare(open)
