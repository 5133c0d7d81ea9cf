import { connect } from '@nats-io/transport-node'
import type { OpenBusUnderTest } from '../bus-under-test.ts'
import { type OpenBareClient, openBare } from './bare.ts'

const SUBJECT = 'bare.doc'

const open: OpenBareClient = async ({ publish, subscribe }, onMessage) => {
  const [publisher, subscriber] = await Promise.all([connect({ servers: publish }), connect({ servers: subscribe })])
  subscriber.subscribe(SUBJECT, { callback: (_, { data }) => onMessage(data) })
  await subscriber.flush()
  let flushing: Promise<void> | undefined
  return {
    send(_, text) {
      publisher.publish(SUBJECT, text)
      // one round trip confirms all messages that are published in the same turn of the event loop
      flushing ??= Promise.resolve().then(() => {
        flushing = undefined
        return publisher.flush()
      })
      return flushing
    },
    async close() {
      await Promise.all([publisher.close(), subscriber.close()])
    },
  }
}

/** nats.js with plain subjects. */
export const bareNats: OpenBusUnderTest = openBare(open)
