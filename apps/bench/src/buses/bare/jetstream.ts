import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { OpenSide } from '../side.ts'
import { type OpenWire, openBare } from './bare.ts'

const NAME = 'bare-doc'

const open: OpenWire = async ({ publish, hear }, onMessage) => {
  const [out, heard] = await Promise.all([connect({ servers: publish }), connect({ servers: hear })])
  const { streams } = await jetstreamManager(heard)
  await streams.add({ name: NAME, subjects: [NAME], max_msgs: 100_000 })
  const consumer = await jetstream(heard).consumers.get(NAME)
  const messages = await consumer.consume({ callback: ({ data }) => onMessage(data) })
  const stream = jetstream(out)
  return {
    async send(_, text) {
      await stream.publish(NAME, text)
    },
    async close() {
      await messages.close()
      await streams.delete(NAME)
      await Promise.all([out.close(), heard.close()])
    },
  }
}

/** nats.js with JetStream: publishes that are acknowledged, heard by an ordered consumer. */
export const bareJetStream: OpenSide = openBare(open)
