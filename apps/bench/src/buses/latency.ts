import { setTimeout as pause } from 'node:timers/promises'
import type { Figure } from '../figure.ts'
import { median, spread } from '../statistics.ts'
import { keyOf } from './changes.ts'
import type { Contestants } from './contestants.ts'
import type { Side } from './side.ts'

const PER_SECOND = 1_000
/** Changes in one turn. */
const TURN = 1_000
const ROUNDS = 7

/** How much longer a change takes from `publish` to being shown elsewhere than a message of the bare client. */
export const addedLatency = ({ name, start, ours, bare }: Contestants): Figure => ({
  name: `${name}: published to shown at ${PER_SECOND.toLocaleString('en-US')} changes/s, p50`,
  unit: 'ms, less is better',
  goal: { atMost: 0.2, of: 'difference' },
  async measure() {
    await using ground = await start()
    const ways = { publish: ground.url, hear: ground.url }
    await using our = await ours(ways)
    await using their = await bare(ways)
    const [ourTurn, theirTurn] = [turns(our), turns(their)]
    // what is compiled late, and grows, is no part of it
    for (let n = 0; n < 2; n++) for (const turn of [ourTurn, theirTurn]) await turn()
    const rounds: { readonly ours: number; readonly yardstick: number }[] = []
    for (let n = 0; n < ROUNDS; n++) rounds.push({ ours: await ourTurn(), yardstick: await theirTurn() })
    const ratios = rounds.map((each) => each.ours / each.yardstick)
    return {
      ours: median(rounds.map((each) => each.ours)),
      yardstick: median(rounds.map((each) => each.yardstick)),
      ratio: median(ratios),
      spread: spread(ratios),
    }
  },
})

/** A call sends one change after another, each at its time, and answers the median of what they took, in ms. */
function turns(side: Side): () => Promise<number> {
  let next = 0
  return async () => {
    const from = next
    next += TURN
    const underWay = new Map<number, number>()
    const took: number[] = []
    const over = Promise.withResolvers<void>()
    side.onApplied(() => {
      const now = performance.now()
      for (const [n, sent] of underWay) {
        if (side.shown(keyOf(n)) < n) continue
        underWay.delete(n)
        took.push(now - sent)
      }
      if (took.length === TURN) over.resolve()
    })
    const begun = performance.now()
    for (let n = from; n < next; ) {
      const due = from + Math.floor(((performance.now() - begun) * PER_SECOND) / 1_000)
      for (; n < next && n <= due; n++) {
        underWay.set(n, performance.now())
        side.publish(n, 1).catch(over.reject)
      }
      await pause(1)
    }
    await over.promise
    return median(took)
  }
}
