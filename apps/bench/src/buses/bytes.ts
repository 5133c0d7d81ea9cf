import type { TcpProxy } from '@sync/brokers'
import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import type { OpenBusUnderTest } from './bus-under-test.ts'
import type { Subjects } from './subjects.ts'
import { waitForDelivery } from './wait-for-delivery.ts'

const CHANGES = 4_096
const CHANGES_PER_FRAME = 16
const FRAMES_IN_FLIGHT = 64

/** What goes to the broker for a change of two fields, all that the protocol puts around it included. */
export const bytes = ({ name, start, ours, bare }: Subjects): Figure => ({
  name: `${name}: sent to the broker for a change of 2 fields, in frames of ${CHANGES_PER_FRAME}, against JSON in messages`,
  unit: 'bytes, less is better',
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
  // connecting does not count
  await publish(bus, 0, size)
  let sentBytes = 0
  // it looks at every request, and takes none
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
