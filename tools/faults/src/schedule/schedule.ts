import { createRandom } from '../workload/random.ts'

/** A kind of fault, with its possible targets. */
export interface FaultKind {
  readonly kind: string
  readonly targets: readonly string[]
  /** Range of durations, in milliseconds. */
  readonly durationMs: readonly [min: number, max: number]
}

/** One planned fault. */
export interface Fault {
  readonly kind: string
  readonly target: string
  readonly durationMs: number
  /** Severity from 0 to 1, for faults that have one. */
  readonly strength: number
}

/** A calm period followed by faults that start together. The next step starts when all workers have recovered. */
export interface Step {
  readonly calmMs: number
  readonly faults: readonly Fault[]
}

const CALM_MS = [200, 1_500] as const
/** Probability that a step has two faults instead of one. */
const TWO_FAULTS_PROBABILITY = 0.25

/** Yields steps without end. All kinds occur equally often; the seed determines their order, targets and durations. */
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

/** Drops the second fault if both have the same target, because a killed target cannot have another fault. */
const withoutSameTarget = (first: Fault, second: Fault): readonly Fault[] =>
  first.target === second.target ? [first] : [first, second]
