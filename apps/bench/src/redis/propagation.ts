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
/** First write number. It is high, so that no write's price is mistaken for an end marker. */
const FIRST_WRITE_NUMBER = 1_000_000_000

const WRITES_PER_SECOND = 10_000
const ROUND_SECONDS = 1
const ROUNDS = 7
/** Limit of pending writes. A side that cannot keep the rate starts a write only when another has completed. */
const MAX_PENDING_WRITES = 256

/** A writer, and a process that receives its changes. */
interface WriterAndListener extends AsyncDisposable {
  write(n: number, price?: number): Promise<unknown>
  readonly listener: Listener
}

/** Opens a writer and a listener on their own server, so that the two sides do not receive each other's changes. */
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

/** Changes per second that another process applies. */
export const remoteApplyRate: Figure = {
  name: `commit to applied in another process, ${CONCURRENCY} in flight, against one call and one message per change`,
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
      // all writes are committed, so the listener receives the end marker after all of them
      const end = ++endMarker
      await Promise.all([subject.listener.applied(end), subject.write(0, end)])
    }
    return await compareRates(
      { ours: run(ours), baseline: run(bare), operations: WRITES },
      { rounds: 9, sliceMs: 400, warmUpMs: 2_000 },
    )
  },
}

/** Latency from the call until another process has applied the change, at a fixed rate of writes. */
export const remoteApplyDelay: Figure = {
  name: `p95 from the call to applied in another process, at ${WRITES_PER_SECOND.toLocaleString('en')} changes/s, against one call and one message per change`,
  unit: 'ms, lower is better',
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

/** Writes at an even rate, regardless of earlier writes. Each write carries the time of its call. Resolves to the p95 in ms. */
async function p95({ write, listener }: WriterAndListener): Promise<number> {
  await listener.delays()
  const pending = new Set<Promise<unknown>>()
  const start = performance.now()
  for (let started = 0; started < WRITES_PER_SECOND * ROUND_SECONDS; ) {
    const due = Math.min(((performance.now() - start) / 1_000) * WRITES_PER_SECOND, WRITES_PER_SECOND * ROUND_SECONDS)
    for (; started < due; started++) {
      if (pending.size >= MAX_PENDING_WRITES) await Promise.race(pending)
      const writing = write(++writeNumber, microseconds()).finally(() => pending.delete(writing))
      pending.add(writing)
    }
    await setTimeout(1)
  }
  await Promise.all(pending)
  return quantile(await listener.delays(), 0.95)
}
