import type { TcpProxy } from '@sync/brokers'
import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import type { OpenBusUnderTest } from './bus-under-test.ts'
import type { Subjects } from './subjects.ts'
import { waitForDelivery } from './wait-for-delivery.ts'

const CHANGES = 4_096
const CHANGES_PER_FRAME = 16
const FRAMES_IN_FLIGHT = 64

/** Bytes sent to the broker per change of two fields, including all protocol overhead. */
export const bytes = ({ name, start, ours, bare }: Subjects): Figure => ({
  name: `${name}: sent to the broker per change of 2 fields, ${CHANGES_PER_FRAME} changes a frame, against one JSON message a change`,
  unit: 'bytes, lower is better',
  async measure() {
    await using broker = await start()
    const ownBytes = await bytesPerChange(ours, CHANGES_PER_FRAME, broker)
    const bareBytes = await bytesPerChange(bare, 1, broker)
    return { ours: ownBytes, baseline: bareBytes, ratio: ownBytes / bareBytes, spread: 0 }
  },
})

async function bytesPerChange(
  open: OpenBusUnderTest,
  size: number,
  { url, proxy }: { readonly url: string; readonly proxy: TcpProxy },
): Promise<number> {
  await using bus = await open({ publish: proxy.url, subscribe: url })
  // the bytes of connecting are not counted
  await publish(bus, 0, size)
  let sentBytes = 0
  // counts every request; since it always returns false, no reply is lost
  void proxy.loseReply({
    when({ length }) {
      sentBytes += length
      return false
    },
  })
  await publish(bus, CHANGES, size)
  return sentBytes / CHANGES

  async function publish(to: typeof bus, from: number, count: number): Promise<void> {
    const frames = { from: 0, count: CHANGES / count, concurrency: FRAMES_IN_FLIGHT }
    await inFlight(frames, (n) => to.publish(from + n * count, count))
    await waitForDelivery(to, from + CHANGES)
  }
}
