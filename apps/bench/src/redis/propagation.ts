import { setTimeout } from 'node:timers/promises'
import { startRedis } from '@sync/brokers'
import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates, type Round, summarizeRounds } from '../rounds.ts'
import { quantile } from '../statistics.ts'
import { changeOf, keyOf, openFilled } from './documents.ts'
import { type Listener, startListener } from './listener.ts'
import { microseconds } from './microseconds.ts'
import { openRawCommit } from './raw-commit.ts'

const WRITES = 2_048
const CONCURRENCY = 64
/** Writes are numbered from here: what they change the first document to is not what an end is told by. */
const FIRST_WRITE_NUMBER = 1_000_000_000

const WRITES_PER_SECOND = 10_000
const ROUND_SECONDS = 1
const ROUNDS = 7
/** Who cannot keep up begins a write only when another is over. */
const MAX_PENDING_WRITES = 256

/** One who writes, and a process that hears it. */
interface WriterAndListener extends AsyncDisposable {
  write(n: number, price?: number): Promise<unknown>
  readonly listener: Listener
}

/** Each on a server of its own: neither hears the other. */
async function openWriterAndListener(variant: 'ours' | 'bare'): Promise<WriterAndListener> {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await startRedis())
  const { collection } = opened.use(await openFilled(url))
  let write: WriterAndListener['write'] = (n, price) => collection.assign(keyOf(n), changeOf(n, price))
  if (variant === 'bare') {
    const raw = opened.use(await openRawCommit(url, 'ioredis'))
    write = raw.commit
  }
  const listener = opened.use(await startListener(url, variant))
  const owned = opened.move()
  return { write, listener, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** How many changes a second another process has in its memory. */
export const remoteApplyRate: Figure = {
  name: `commit to applied in another process, ${CONCURRENCY} in flight, against one call and one message a change`,
  unit: 'changes/s',
  goal: { atLeast: 1 },
  async measure() {
    await using ours = await openWriterAndListener('ours')
    await using bare = await openWriterAndListener('bare')
    let written = FIRST_WRITE_NUMBER
    let endMarker = 0
    const run = (subject: WriterAndListener) => async () => {
      const from = written
      written += WRITES
      await inFlight({ from, count: WRITES, concurrency: CONCURRENCY }, (n) => subject.write(n))
      // all are committed: what is committed now is heard after all of them
      const end = ++endMarker
      await Promise.all([subject.listener.applied(end), subject.write(0, end)])
    }
    return await compareRates(
      { ours: run(ours), baseline: run(bare), operations: WRITES },
      { rounds: 9, sliceMs: 400, warmUpMs: 2_000 },
    )
  },
}

/** How long a change takes while many are on their way. */
export const remoteApplyDelay: Figure = {
  name: `p95 from the call to applied in another process, at ${WRITES_PER_SECOND.toLocaleString('en')} changes/s, against one call and one message a change`,
  unit: 'ms, less is better',
  goal: { atMost: 2 },
  async measure() {
    await using ours = await openWriterAndListener('ours')
    await using bare = await openWriterAndListener('bare')
    await p95(ours)
    await p95(bare)
    const rounds: Round[] = []
    while (rounds.length < ROUNDS) rounds.push({ ours: await p95(ours), baseline: await p95(bare) })
    return summarizeRounds(rounds)
  },
}

let writeNumber = FIRST_WRITE_NUMBER

/** Writes at an even pace, whatever becomes of the ones before; each carries the moment of its call. */
async function p95({ write, listener }: WriterAndListener): Promise<number> {
  await listener.delays()
  const pending = new Set<Promise<unknown>>()
  const start = performance.now()
  for (let done = 0; done < WRITES_PER_SECOND * ROUND_SECONDS; ) {
    const due = Math.min(((performance.now() - start) / 1_000) * WRITES_PER_SECOND, WRITES_PER_SECOND * ROUND_SECONDS)
    for (; done < due; done++) {
      if (pending.size >= MAX_PENDING_WRITES) await Promise.race(pending)
      const writing = write(++writeNumber, microseconds()).finally(() => pending.delete(writing))
      pending.add(writing)
    }
    await setTimeout(1)
  }
  await Promise.all(pending)
  return quantile(await listener.delays(), 0.95)
}
