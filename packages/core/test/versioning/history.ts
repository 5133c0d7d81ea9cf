import fc from 'fast-check'

/** A step of a node: a local event, or the arrival of a message sent at any earlier event. */
interface Step {
  readonly node: string
  readonly arrival: number | undefined
}

/** One event and, for the oracle, the indices of all events that happened before it. */
interface Event<S> {
  readonly node: string
  readonly stamp: S
  readonly past: ReadonlySet<number>
}

interface Clock<S> {
  tick(): S
  receive(stamp: S): S
}

/** Node names that are special in objects, or that sort differently by code unit than by code point. */
export const nodeName: fc.Arbitrary<string> = fc.constantFrom(
  'a',
  'b',
  '__proto__',
  'constructor',
  '\u{1f980}',
  '\uffee',
)

/** Steps of random message passing, which include late, repeated, overtaking and lost messages. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ node: nodeName, arrival: fc.option(fc.nat(), { nil: undefined }) }),
  { maxLength: 40 },
)

/** Runs the steps with a clock per node. The happened-before relation is derived from the messages, not from the stamps. */
export function run<S>(steps: readonly Step[], createClock: (node: string) => Clock<S>): Event<S>[] {
  const clocks = new Map<string, Clock<S>>()
  const own = new Map<string, number>()
  const events: Event<S>[] = []
  for (const { node, arrival } of steps) {
    const clock = clocks.get(node) ?? createClock(node)
    clocks.set(node, clock)
    const sent = arrival === undefined || events.length === 0 ? undefined : arrival % events.length
    const causes = [own.get(node), sent].filter((index) => index !== undefined)
    const past = new Set(causes.flatMap((index) => [index, ...(events[index]?.past ?? [])]))
    const message = sent === undefined ? undefined : events[sent]
    own.set(node, events.length)
    events.push({ node, stamp: message ? clock.receive(message.stamp) : clock.tick(), past })
  }
  return events
}

/** Calls `check` with every pair of events and the oracle's order of the two. */
export function eachPair<S>(
  events: readonly Event<S>[],
  check: (a: S, b: S, order: 'before' | 'after' | 'equal' | 'concurrent') => void,
): void {
  for (const [i, a] of events.entries()) {
    for (const [j, b] of events.entries()) {
      const order = i === j ? 'equal' : b.past.has(i) ? 'before' : a.past.has(j) ? 'after' : 'concurrent'
      check(a.stamp, b.stamp, order)
    }
  }
}
