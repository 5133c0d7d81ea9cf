import type { BusCapabilities } from '../bus.ts'

/** From the weakest to the strongest. */
const DELIVERY = ['at-most-once', 'at-least-once'] as const
const ORDERING = ['none', 'per-publisher', 'per-key', 'per-section'] as const
const DURABILITY = ['sent', 'server', 'replicated', 'synced'] as const

/** What several buses can do together: no more than the weakest of them. */
export function combineCapabilities(all: readonly BusCapabilities[]): BusCapabilities {
  // each bus has an order of its own for several publishers: nothing says that two have the same
  const orderingLimit: BusCapabilities['ordering'] = all.length > 1 ? 'per-publisher' : 'per-section'
  return Object.freeze({
    delivery: weakest(
      DELIVERY,
      all.map(({ delivery }) => delivery),
    ),
    // an offset belongs to one bus: there is none to begin from in all of them
    replay: all.every(({ replay }) => replay === 'retained') ? 'retained' : 'none',
    ordering: weakest(ORDERING, [orderingLimit, ...all.map(({ ordering }) => ordering)]),
    durability: weakest(
      DURABILITY,
      all.map(({ durability }) => durability),
    ),
    whenDown: all.some(({ whenDown }) => whenDown === 'wait') ? 'wait' : 'reject',
    live: all.some(({ live }) => live === 'eventually') ? 'eventually' : 'at-once',
    echo: all.some(({ echo }) => echo),
    maxPayloadBytes: Math.min(...all.map(({ maxPayloadBytes }) => maxPayloadBytes)),
  })
}

const weakest = <V>(order: readonly V[], values: readonly V[]): V =>
  order[Math.min(...values.map((value) => order.indexOf(value)))] as V
