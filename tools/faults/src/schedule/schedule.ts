import { createRandom } from '../workload/random.ts'

/** What can be done to something, and to what. */
export interface FaultKind {
  readonly kind: string
  readonly targets: readonly string[]
  /** For how long, from … to, in ms. */
  readonly durationMs: readonly [least: number, most: number]
}

/** One fault as it is planned. */
export interface Fault {
  readonly kind: string
  readonly target: string
  readonly durationMs: number
  /** From 0 to 1: how bad, where there is a choice. */
  readonly strength: number
}

/** Faults at one time, after a time without. The next step comes when all have recovered. */
export interface Step {
  readonly calmMs: number
  readonly faults: readonly Fault[]
}

const CALM_MS = [200, 1_500] as const
/** How often a step has two faults in place of one. */
const TWO_FAULTS_PROBABILITY = 0.25

/** What happens, for ever: every kind as often as any other, in an order and to targets that the seed decides. */
export function* schedule(seed: number, kinds: readonly FaultKind[]): Generator<Step, never> {
  const random = createRandom(seed)
  let remaining: FaultKind[] = []
  const next = (): Fault => {
    if (remaining.length === 0) remaining = random.shuffle(kinds)
    const { kind, targets, durationMs } = remaining.pop() as FaultKind
    return {
      kind,
      target: random.pick(targets),
      durationMs: random.between(...durationMs),
      strength: random.int(1_001) / 1_000,
    }
  }
  for (;;) {
    const calmMs = random.between(...CALM_MS)
    const first = next()
    yield { calmMs, faults: random.chance(TWO_FAULTS_PROBABILITY) ? withoutSameTarget(first, next()) : [first] }
  }
}

/** Nothing is done twice to one target at one time: who is dead cannot be killed. */
const withoutSameTarget = (first: Fault, second: Fault): readonly Fault[] =>
  first.target === second.target ? [first] : [first, second]
