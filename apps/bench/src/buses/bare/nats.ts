import { connect } from '@nats-io/transport-node'
import type { OpenSide } from '../side.ts'
import { type OpenWire, openBare } from './bare.ts'

const SUBJECT = 'bare.doc'

const open: OpenWire = async ({ publish, hear }, onMessage) => {
  const [out, heard] = await Promise.all([connect({ servers: publish }), connect({ servers: hear })])
  heard.subscribe(SUBJECT, { callback: (_, { data }) => onMessage(data) })
  await heard.flush()
  let flushing: Promise<void> | undefined
  return {
    send(_, text) {
      out.publish(SUBJECT, text)
      // what is published in one step is confirmed by one round trip
      flushing ??= Promise.resolve().then(() => {
        flushing = undefined
        return out.flush()
      })
      return flushing
    },
    async close() {
      await Promise.all([out.close(), heard.close()])
    },
  }
}

/** nats.js, plain subjects. */
export const bareNats: OpenSide = openBare(open)
