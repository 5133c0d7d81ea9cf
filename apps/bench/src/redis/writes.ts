import type { Figure, Measurement } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates, type Round, summarizeRounds } from '../rounds.ts'
import { median } from '../statistics.ts'
import { changeOf, keyOf } from './documents.ts'
import type { ClientName } from './raw-client.ts'
import { openSubjects, type Subjects } from './subjects.ts'

const WRITES = 1_024
const CONCURRENCY = 64

/** Calls of one side before the other side's turn. */
const CALLS = 200
const ROUNDS = 31
const WARM_UPS = 40

/** Rate of writes in flight, which shows the gain of group commit. */
export const throughput = (client: ClientName, goal: number): Figure => ({
  name: `assign of 2 of 63 fields, ${CONCURRENCY} in flight with ${client}, against one script call per write`,
  unit: 'writes/s',
  goal: { atLeast: goal },
  async measure() {
    await using subjects = await openSubjects(client)
    return await compareThroughput(subjects, CONCURRENCY)
  },
})

/** Latency of a single write, which shows the overhead around the script call. */
export const latency: Figure = {
  name: 'median of an assign of 2 of 63 fields, 1 in flight with ioredis, against one script call',
  unit: 'µs, lower is better',
  goal: { atMost: 1.25 },
  async measure() {
    await using subjects = await openSubjects('ioredis')
    return await compareLatency(subjects)
  },
}

/** Counts answered writes. Each write has its own sequence number. */
function compareThroughput({ ours, raw }: Subjects, concurrency: number): Promise<Measurement> {
  let written = 0
  const run = (write: (n: number) => Promise<unknown>) => () => {
    const from = written
    written += WRITES
    return inFlight({ from, count: WRITES, concurrency }, write)
  }
  return compareRates(
    { ours: run((n) => ours.assign(keyOf(n), changeOf(n))), baseline: run(raw.commit), operations: WRITES },
    { rounds: 11, sliceMs: 400, warmUpMs: 2_000 },
  )
}

/** Times each call separately, so that one slow call does not distort the median. */
async function compareLatency({ ours, raw }: Subjects): Promise<Measurement> {
  let written = 0
  const run = async (write: (n: number) => Promise<unknown>): Promise<number> => {
    const latencies: number[] = []
    for (let call = 0; call < CALLS; call++) {
      const start = performance.now()
      await write(written++)
      latencies.push((performance.now() - start) * 1_000)
    }
    return median(latencies)
  }
  const round = async (): Promise<Round> => ({
    ours: await run((n) => ours.assign(keyOf(n), changeOf(n))),
    baseline: await run(raw.commit),
  })
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await round()
  const rounds: Round[] = []
  while (rounds.length < ROUNDS) rounds.push(await round())
  return summarizeRounds(rounds)
}
