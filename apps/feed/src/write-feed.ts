import type { Document, Observation } from './feed-file.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { createSemaphore } from './semaphore.ts'

/** The part of a collection that the feed writes to. */
export interface FeedTarget {
  set(key: string, document: Document): Promise<{ readonly changed: boolean }>
  delete(key: string): Promise<boolean>
}

/** Progress of the writes, updated while they run. */
export interface WriteProgress {
  written: number
  /** Size of the written documents if they were sent whole, in UTF-16 units. */
  documentUnits: number
}

const MAX_CONCURRENT_WRITES = 256
const REMOVAL_UNITS = 'null'.length

/**
 * Writes a feed: different keys in parallel, the observations of one key in order (the collection queues writes per key).
 *
 * Returns early when `signal` aborts, without waiting for writes in flight.
 * @throws Error of the first write that failed, after the writes in flight have settled
 */
export async function writeFeed(
  feed: AsyncIterable<Observation>,
  target: FeedTarget,
  options: { readonly rateLimiter: RateLimiter; readonly progress: WriteProgress; readonly signal: AbortSignal },
): Promise<void> {
  const { rateLimiter, progress, signal } = options
  const semaphore = createSemaphore(MAX_CONCURRENT_WRITES)
  let failure: Error | undefined

  const write = async ({ line, key, value }: Observation): Promise<void> => {
    try {
      if (value === null) {
        if (await target.delete(key)) progress.documentUnits += REMOVAL_UNITS
      } else {
        const { changed } = await target.set(key, value)
        if (changed) progress.documentUnits += JSON.stringify(value).length
      }
      progress.written++
    } catch (cause) {
      failure ??= new Error(`line ${line}: write to '${key}' failed: ${(cause as Error).message}`, {
        cause,
      })
    } finally {
      semaphore.release()
    }
  }

  for await (const observation of feed) {
    await rateLimiter.acquire()
    await semaphore.waitForSlot(signal)
    if (failure !== undefined || signal.aborted) break
    semaphore.acquire()
    void write(observation)
  }
  await semaphore.waitUntilIdle(signal)
  if (failure !== undefined && !signal.aborted) throw failure
}
