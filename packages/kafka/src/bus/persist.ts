import { type FailureKind, KafkaFailure } from '../client/client.ts'

/** How long one keeps trying, and what is done in between. */
export interface Persistence {
  /** On `performance.now()`'s scale. */
  readonly until: number
  readonly pause: (ms: number) => Promise<void>
  /** Before another attempt. What it throws does not matter. */
  readonly between: (failure: KafkaFailure) => Promise<unknown>
  readonly over: () => boolean
}

/** The first pause between two attempts, and the longest, in ms. */
const [FIRST, LONGEST] = [10, 200]

/** What a new look or some time may mend. */
const PASSING: ReadonlySet<FailureKind> = new Set(['away', 'later', 'moved'])

/** Tries again what a new look or some time may mend, until the time is over. */
export async function persist<T>(work: () => Promise<T>, { until, pause, between, over }: Persistence): Promise<T> {
  for (let ms = FIRST; ; ms = Math.min(ms * 2, LONGEST)) {
    try {
      return await work()
    } catch (error) {
      const again = error instanceof KafkaFailure && PASSING.has(error.kind)
      if (!again || over() || performance.now() + ms > until) throw error
      await pause(ms)
      await between(error).catch(() => {})
    }
  }
}
