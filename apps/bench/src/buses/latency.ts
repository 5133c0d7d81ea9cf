import { setTimeout as pause } from 'node:timers/promises'
import type { Figure } from '../figure.ts'
import { median, spread } from '../statistics.ts'
import type { BusUnderTest } from './bus-under-test.ts'
import { keyOf } from './changes.ts'
import type { Subjects } from './subjects.ts'

const CHANGES_PER_SECOND = 1_000
/** Changes per round. */
const CHANGES_PER_ROUND = 1_000
const ROUNDS = 7

/** Extra time from `publish` to visible at the subscriber, compared with a message of the bare client. */
export const addedLatency = ({ name, start, ours, bare }: Subjects): Figure => ({
  name: `${name}: publish to visible at ${CHANGES_PER_SECOND.toLocaleString('en-US')} changes/s, p50`,
  unit: 'ms, lower is better',
  goal: { atMost: 0.2, of: 'difference' },
  async measure() {
    await using broker = await start()
    const endpoints = { publish: broker.url, subscribe: broker.url }
    await using ownBus = await ours(endpoints)
    await using bareBus = await bare(endpoints)
    const [ownRound, bareRound] = [createRound(ownBus), createRound(bareBus)]
    // two rounds of warm-up: compilation and buffer growth are not measured
    for (let n = 0; n < 2; n++) for (const round of [ownRound, bareRound]) await round()
    const rounds: { readonly ours: number; readonly baseline: number }[] = []
    for (let n = 0; n < ROUNDS; n++) rounds.push({ ours: await ownRound(), baseline: await bareRound() })
    const ratios = rounds.map((each) => each.ours / each.baseline)
    return {
      ours: median(rounds.map((each) => each.ours)),
      baseline: median(rounds.map((each) => each.baseline)),
      ratio: median(ratios),
      spread: spread(ratios),
    }
  },
})

/** Returns a function that sends one round of changes at an even rate and resolves to their median latency in ms. */
function createRound(bus: BusUnderTest): () => Promise<number> {
  let next = 0
  return async () => {
    const from = next
    next += CHANGES_PER_ROUND
    const pending = new Map<number, number>()
    const latencies: number[] = []
    const finished = Promise.withResolvers<void>()
    bus.onApplied(() => {
      const now = performance.now()
      for (const [n, sent] of pending) {
        if (bus.appliedChange(keyOf(n)) < n) continue
        pending.delete(n)
        latencies.push(now - sent)
      }
      if (latencies.length === CHANGES_PER_ROUND) finished.resolve()
    })
    const start = performance.now()
    for (let n = from; n < next; ) {
      const due = from + Math.floor(((performance.now() - start) * CHANGES_PER_SECOND) / 1_000)
      for (; n < next && n <= due; n++) {
        pending.set(n, performance.now())
        bus.publish(n, 1).catch(finished.reject)
      }
      await pause(1)
    }
    await finished.promise
    return median(latencies)
  }
}
