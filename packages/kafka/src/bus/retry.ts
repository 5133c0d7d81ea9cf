import { type FailureKind, KafkaFailure } from '../client/client.ts'

/** How long one keeps trying, and what is done in between. */
export interface RetryOptions {
  /** On `performance.now()`'s scale. */
  readonly deadline: number
  readonly sleep: (ms: number) => Promise<void>
  /** Before another attempt. What it throws does not matter. */
  readonly beforeRetry: (failure: KafkaFailure) => Promise<unknown>
  readonly isCancelled: () => boolean
}

/** The first pause between two attempts, and the longest, in ms. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [10, 200]

/** What a new look or some time may mend. */
const TRANSIENT_KINDS: ReadonlySet<FailureKind> = new Set(['unreachable', 'retriable', 'not-leader'])

/** Tries again what a new look or some time may mend, until the time is over. */
export async function retry<T>(
  work: () => Promise<T>,
  { deadline, sleep, beforeRetry, isCancelled }: RetryOptions,
): Promise<T> {
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(ms * 2, MAX_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      const transient = error instanceof KafkaFailure && TRANSIENT_KINDS.has(error.kind)
      if (!transient || isCancelled() || performance.now() + ms > deadline) throw error
      await sleep(ms)
      await beforeRetry(error).catch(() => {})
    }
  }
}
