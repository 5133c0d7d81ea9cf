import { setTimeout } from 'node:timers/promises'
import { startRedis } from '@sync/brokers'
import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates, measuredOf, type Round } from '../rounds.ts'
import { quantile } from '../statistics.ts'
import { changeOf, keyOf, openFilled } from './documents.ts'
import { type Listener, startListener } from './listener.ts'
import { microseconds } from './microseconds.ts'
import { openRawCommit } from './raw-commit.ts'

const WRITES = 2_048
const LANES = 64
/** Writes are numbered from here: what they change the first document to is not what an end is told by. */
const FROM = 1_000_000_000

const A_SECOND = 10_000
const SECONDS = 1
const ROUNDS = 7
/** Who cannot keep up begins a write only when another is over. */
const MOST_OPEN = 256

/** One who writes, and a process that hears it. */
interface Side extends AsyncDisposable {
  write(n: number, price?: number): Promise<unknown>
  readonly listener: Listener
}

/** Each on a server of its own: neither hears the other. */
async function openSide(how: 'ours' | 'bare'): Promise<Side> {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await startRedis())
  const { collection } = opened.use(await openFilled(url))
  let write: Side['write'] = (n, price) => collection.set(keyOf(n), changeOf(n, price))
  if (how === 'bare') {
    const raw = opened.use(await openRawCommit(url, 'ioredis'))
    write = raw.commit
  }
  const listener = opened.use(await startListener(url, how))
  const kept = opened.move()
  return { write, listener, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** How many changes a second another process has in its memory. */
export const appliedElsewhere: Figure = {
  name: `commit to applied in another process, ${LANES} in flight, against one call and one message a change`,
  unit: 'changes/s',
  goal: { atLeast: 1 },
  async measure() {
    await using ours = await openSide('ours')
    await using bare = await openSide('bare')
    let written = FROM
    let ends = 0
    const run = (side: Side) => async () => {
      const from = written
      written += WRITES
      await inFlight({ from, count: WRITES, lanes: LANES }, (n) => side.write(n))
      // all are committed: what is committed now is heard after all of them
      const end = ++ends
      await Promise.all([side.listener.applied(end), side.write(0, end)])
    }
    return await compareRates(
      { ours: run(ours), yardstick: run(bare), operations: WRITES },
      { rounds: 9, sliceMs: 400, warmUpMs: 2_000 },
    )
  },
}

/** How long a change takes while many are on their way. */
export const delayElsewhere: Figure = {
  name: `p95 from the call to applied in another process, at ${A_SECOND.toLocaleString('en')} changes/s, against one call and one message a change`,
  unit: 'ms, less is better',
  goal: { atMost: 2 },
  async measure() {
    await using ours = await openSide('ours')
    await using bare = await openSide('bare')
    await p95(ours)
    await p95(bare)
    const rounds: Round[] = []
    while (rounds.length < ROUNDS) rounds.push({ ours: await p95(ours), yardstick: await p95(bare) })
    return measuredOf(rounds)
  },
}

let paced = FROM

/** Writes at an even pace, whatever becomes of the ones before; each carries the moment of its call. */
async function p95({ write, listener }: Side): Promise<number> {
  await listener.delays()
  const open = new Set<Promise<unknown>>()
  const begun = performance.now()
  for (let done = 0; done < A_SECOND * SECONDS; ) {
    const due = Math.min(((performance.now() - begun) / 1_000) * A_SECOND, A_SECOND * SECONDS)
    for (; done < due; done++) {
      if (open.size >= MOST_OPEN) await Promise.race(open)
      const writing = write(++paced, microseconds()).finally(() => open.delete(writing))
      open.add(writing)
    }
    await setTimeout(1)
  }
  await Promise.all(open)
  return quantile(await listener.delays(), 0.95)
}
