import type { Figure, Measured } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates } from '../rounds.ts'
import { type Contestants, openContestants } from './contest.ts'
import { changeOf, keyOf } from './documents.ts'
import type { ClientName } from './raw-client.ts'

const WRITES = 1_024
const LANES = 64

/** What gathering the writes that wait into one call is worth. */
export const throughput = (client: ClientName, goal: number): Figure => ({
  name: `set of 2 of 63 fields, ${LANES} in flight over ${client}, against one call of the script a write`,
  unit: 'writes/s',
  goal: { atLeast: goal },
  async measure() {
    await using contestants = await openContestants(client)
    return await race(contestants, LANES)
  },
})

/** What one write alone pays for what is done around it. */
export const latency: Figure = {
  name: 'set of 2 of 63 fields, 1 in flight over ioredis, against one call of the script',
  unit: 'µs, less is better',
  goal: { atMost: 1.25 },
  async measure() {
    await using contestants = await openContestants('ioredis')
    return inverse(await race(contestants, 1))
  },
}

/** Counted by the writes that were answered: each is a sequence of its own. */
function race({ ours, raw }: Contestants, lanes: number): Promise<Measured> {
  let written = 0
  const count = lanes === 1 ? 64 : WRITES
  const run = (write: (n: number) => Promise<unknown>) => () => {
    const from = written
    written += count
    return inFlight({ from, count, lanes }, write)
  }
  return compareRates(
    { ours: run((n) => ours.set(keyOf(n), changeOf(n))), yardstick: run(raw.commit), operations: count },
    { rounds: 11, sliceMs: 400, warmUpMs: 2_000 },
  )
}

const inverse = ({ ours, yardstick, ratio, spread }: Measured): Measured => ({
  ours: 1e6 / ours,
  yardstick: 1e6 / yardstick,
  ratio: 1 / ratio,
  spread,
})
