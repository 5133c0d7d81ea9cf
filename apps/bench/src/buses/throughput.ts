import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates } from '../rounds.ts'
import { arrived } from './arrival.ts'
import type { Contestants } from './contestants.ts'
import type { Side } from './side.ts'

const CHANGES = 4_096
/** As many writes as a commit of a group has. */
const FRAME = 16
const WINDOW = 64

/** From one instance into another's memory, as many messages awaited at once on both sides. */
export const throughput = ({ name, start, ours, bare }: Contestants, goal: number): Figure => ({
  name: `${name}: ${WINDOW} frames of ${FRAME} changes under way, against ${WINDOW} messages of one`,
  unit: 'changes/s',
  goal: { atLeast: goal },
  async measure() {
    await using ground = await start()
    const ways = { publish: ground.url, hear: ground.url }
    await using our = await ours(ways)
    await using their = await bare(ways)
    return await compareRates(
      { ours: run(our, FRAME), yardstick: run(their, 1), operations: CHANGES },
      { rounds: 11, sliceMs: 400, warmUpMs: 2_000 },
    )
  },
})

/** A call sends so many changes, and ends when all are shown at the other end. */
function run(side: Side, size: number): () => Promise<void> {
  let next = 0
  return async () => {
    const from = next
    next += CHANGES
    const frames = { from: 0, count: CHANGES / size, lanes: WINDOW }
    await inFlight(frames, (n) => side.publish(from + n * size, size))
    await arrived(side, next)
  }
}
