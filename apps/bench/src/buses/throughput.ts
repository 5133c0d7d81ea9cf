import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates } from '../rounds.ts'
import type { BusUnderTest } from './bus-under-test.ts'
import type { Subjects } from './subjects.ts'
import { waitForDelivery } from './wait-for-delivery.ts'

const CHANGES = 4_096
/** The size of a group commit. */
const CHANGES_PER_FRAME = 16
const FRAMES_IN_FLIGHT = 64

/** Changes per second from a publisher into a subscriber's memory. Both sides await the same number of sends at once. */
export const throughput = ({ name, start, ours, bare }: Subjects, goal: number): Figure => ({
  name: `${name}: ${FRAMES_IN_FLIGHT} frames of ${CHANGES_PER_FRAME} changes in flight, against ${FRAMES_IN_FLIGHT} messages of one change`,
  unit: 'changes/s',
  goal: { atLeast: goal },
  async measure() {
    await using broker = await start()
    const endpoints = { publish: broker.url, subscribe: broker.url }
    await using ownBus = await ours(endpoints)
    await using bareBus = await bare(endpoints)
    return await compareRates(
      { ours: createRun(ownBus, CHANGES_PER_FRAME), baseline: createRun(bareBus, 1), operations: CHANGES },
      { rounds: 11, sliceMs: 400, warmUpMs: 2_000 },
    )
  },
})

/** Returns a function that publishes `CHANGES` changes and resolves when the subscriber has applied them all. */
function createRun(bus: BusUnderTest, size: number): () => Promise<void> {
  let next = 0
  return async () => {
    const from = next
    next += CHANGES
    const frames = { from: 0, count: CHANGES / size, concurrency: FRAMES_IN_FLIGHT }
    await inFlight(frames, (n) => bus.publish(from + n * size, size))
    await waitForDelivery(bus, next)
  }
}
