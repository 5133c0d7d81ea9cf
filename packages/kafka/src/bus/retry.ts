import { type FailureKind, KafkaFailure } from '../client/client.ts'

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Latest time of an attempt, on the scale of `performance.now()`. */
  readonly deadline: number
  readonly sleep: (ms: number) => Promise<void>
  /** Called before each further attempt. Its errors are ignored. */
  readonly beforeRetry: (failure: KafkaFailure) => Promise<unknown>
  readonly isCancelled: () => boolean
}

/** First and longest pause between two attempts, in milliseconds. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [10, 200]

/** Kinds of failures that newer metadata or time may fix. */
const TRANSIENT_KINDS: ReadonlySet<FailureKind> = new Set(['unreachable', 'retriable', 'not-leader'])

/** Runs `work`, and retries transient failures until the deadline. Rejects with the last failure. */
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
