import type { TcpProxy } from '@sync/brokers'
import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { arrived } from './arrival.ts'
import type { Contestants } from './contestants.ts'
import type { OpenSide } from './side.ts'

const CHANGES = 4_096
const FRAME = 16
const WINDOW = 64

/** What goes to the broker for a change of two fields, all that the protocol puts around it included. */
export const bytes = ({ name, start, ours, bare }: Contestants): Figure => ({
  name: `${name}: sent to the broker for a change of 2 fields, in frames of ${FRAME}, against JSON in messages`,
  unit: 'bytes, less is better',
  async measure() {
    await using ground = await start()
    const our = await sent(ours, FRAME, ground)
    const their = await sent(bare, 1, ground)
    return { ours: our, yardstick: their, ratio: our / their, spread: 0 }
  },
})

async function sent(
  open: OpenSide,
  size: number,
  { url, proxy }: { readonly url: string; readonly proxy: TcpProxy },
): Promise<number> {
  await using side = await open({ publish: proxy.url, hear: url })
  // connecting does not count
  await publish(side, 0, size)
  let passed = 0
  // it looks at every request, and takes none
  void proxy.loseReply({
    when({ length }) {
      passed += length
      return false
    },
  })
  await publish(side, CHANGES, size)
  return passed / CHANGES

  async function publish(to: typeof side, from: number, count: number): Promise<void> {
    const frames = { from: 0, count: CHANGES / count, lanes: WINDOW }
    await inFlight(frames, (n) => to.publish(from + n * count, count))
    await arrived(to, from + CHANGES)
  }
}
