import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { OpenBusUnderTest } from '../bus-under-test.ts'
import { type OpenBareClient, openBare } from './bare.ts'

const NAME = 'bare-doc'

const open: OpenBareClient = async ({ publish, subscribe }, onMessage) => {
  const [publisher, subscriber] = await Promise.all([connect({ servers: publish }), connect({ servers: subscribe })])
  const { streams } = await jetstreamManager(subscriber)
  await streams.add({ name: NAME, subjects: [NAME], max_msgs: 100_000 })
  const consumer = await jetstream(subscriber).consumers.get(NAME)
  const messages = await consumer.consume({ callback: ({ data }) => onMessage(data) })
  const stream = jetstream(publisher)
  return {
    async send(_, text) {
      await stream.publish(NAME, text)
    },
    async close() {
      await messages.close()
      await streams.delete(NAME)
      await Promise.all([publisher.close(), subscriber.close()])
    },
  }
}

/** nats.js with JetStream: acknowledged publishes, received by an ordered consumer. */
export const bareJetStream: OpenBusUnderTest = openBare(open)
