import type { Figure, Measured } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates, measuredOf, type Round } from '../rounds.ts'
import { median } from '../statistics.ts'
import { type Contestants, openContestants } from './contest.ts'
import { changeOf, keyOf } from './documents.ts'
import type { ClientName } from './raw-client.ts'

const WRITES = 1_024
const LANES = 64

/** Calls of one side before it is the other's turn. */
const CALLS = 200
const ROUNDS = 31
const WARM_UPS = 40

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
  name: 'median of a set of 2 of 63 fields, 1 in flight over ioredis, against one call of the script',
  unit: 'µs, less is better',
  goal: { atMost: 1.25 },
  async measure() {
    await using contestants = await openContestants('ioredis')
    return await oneByOne(contestants)
  },
}

/** Counted by the writes that were answered: each is a sequence of its own. */
function race({ ours, raw }: Contestants, lanes: number): Promise<Measured> {
  let written = 0
  const run = (write: (n: number) => Promise<unknown>) => () => {
    const from = written
    written += WRITES
    return inFlight({ from, count: WRITES, lanes }, write)
  }
  return compareRates(
    { ours: run((n) => ours.set(keyOf(n), changeOf(n))), yardstick: run(raw.commit), operations: WRITES },
    { rounds: 11, sliceMs: 400, warmUpMs: 2_000 },
  )
}

/** Each call timed by itself: what holds one up for long is not shared out among the others. */
async function oneByOne({ ours, raw }: Contestants): Promise<Measured> {
  let written = 0
  const run = async (write: (n: number) => Promise<unknown>): Promise<number> => {
    const taken: number[] = []
    for (let call = 0; call < CALLS; call++) {
      const begun = performance.now()
      await write(written++)
      taken.push((performance.now() - begun) * 1_000)
    }
    return median(taken)
  }
  const round = async (): Promise<Round> => ({
    ours: await run((n) => ours.set(keyOf(n), changeOf(n))),
    yardstick: await run(raw.commit),
  })
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await round()
  const rounds: Round[] = []
  while (rounds.length < ROUNDS) rounds.push(await round())
  return measuredOf(rounds)
}
