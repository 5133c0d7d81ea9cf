import { createDice } from '../work/dice.ts'

/** What can be done to something, and to what. */
export interface Kind {
  readonly kind: string
  readonly targets: readonly string[]
  /** For how long, from … to, in ms. */
  readonly lasts: readonly [least: number, most: number]
}

/** One fault as it is planned. */
export interface Fault {
  readonly kind: string
  readonly target: string
  readonly forMs: number
  /** From 0 to 1: how bad, where there is a choice. */
  readonly strength: number
}

/** Faults at one time, after a time without. The next step comes when all have recovered. */
export interface Step {
  readonly calmMs: number
  readonly faults: readonly Fault[]
}

const CALM = [200, 1_500] as const
/** How often a step has two faults in place of one. */
const TWO = 0.25

/** What happens, for ever: every kind as often as any other, in an order and to targets that the seed decides. */
export function* schedule(seed: number, kinds: readonly Kind[]): Generator<Step, never> {
  const dice = createDice(seed)
  let left: Kind[] = []
  const next = (): Fault => {
    if (left.length === 0) left = dice.shuffle(kinds)
    const { kind, targets, lasts } = left.pop() as Kind
    return { kind, target: dice.pick(targets), forMs: dice.between(...lasts), strength: dice.int(1_001) / 1_000 }
  }
  for (;;) {
    const calmMs = dice.between(...CALM)
    const first = next()
    yield { calmMs, faults: dice.chance(TWO) ? together(first, next()) : [first] }
  }
}

/** Nothing is done twice to one target at one time: who is dead cannot be killed. */
const together = (first: Fault, second: Fault): readonly Fault[] =>
  first.target === second.target ? [first] : [first, second]
