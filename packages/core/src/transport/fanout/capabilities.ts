import type { BusCapabilities } from '../bus.ts'

/** Ordered from the weakest to the strongest. */
const DELIVERY = ['at-most-once', 'at-least-once'] as const
const ORDERING = ['none', 'per-publisher', 'per-key', 'per-section'] as const
const DURABILITY = ['sent', 'server', 'replicated', 'synced'] as const

/** Returns the guarantees of several buses together: those of the weakest. */
export function combineCapabilities(all: readonly BusCapabilities[]): BusCapabilities {
  // Each bus orders several publishers independently, so two buses may disagree.
  const orderingLimit: BusCapabilities['ordering'] = all.length > 1 ? 'per-publisher' : 'per-section'
  return Object.freeze({
    delivery: weakest(
      DELIVERY,
      all.map(({ delivery }) => delivery),
    ),
    // An offset belongs to one bus, so no offset is valid for all of them.
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
