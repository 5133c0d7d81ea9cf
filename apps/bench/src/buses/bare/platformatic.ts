import { randomUUID } from 'node:crypto'
import { Consumer, Producer } from '@platformatic/kafka'
import type { OpenSide } from '../side.ts'
import { type OpenWire, openBare } from './bare.ts'
import { inBatches } from './batches.ts'
import { makeTopic } from './topic.ts'

const open: OpenWire = async ({ publish, hear }, onMessage) => {
  const topic = await makeTopic(hear)
  const at = (url: string) => ({ clientId: 'bare', bootstrapBrokers: [new URL(url).host] })
  const producer = new Producer(at(publish))
  const consumer = new Consumer({ ...at(hear), groupId: randomUUID() })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
  stream.on('data', ({ value }) => {
    if (value) onMessage(value)
  })
  const send = inBatches((batch) =>
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

/** @platformatic/kafka: a producer that gathers, a consumer in a group of its own. */
export const barePlatformatic: OpenSide = openBare(open)
