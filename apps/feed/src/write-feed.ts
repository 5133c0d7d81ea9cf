import type { Document, Observation } from './feed-file.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { createSemaphore } from './semaphore.ts'

/** What the feed needs of a collection to write to it. */
export interface FeedTarget {
  set(key: string, document: Document): Promise<{ readonly changed: boolean }>
  delete(key: string): Promise<boolean>
}

/** How far the writing is; counts up while it goes on. */
export interface WriteProgress {
  written: number
  /** UTF-16 units of the documents that were written whole, had there been no patches. */
  documentUnits: number
}

const MAX_CONCURRENT_WRITES = 256
const REMOVAL_UNITS = 'null'.length

/**
 * Writes a feed: keys in parallel, the observations of one key in their order (the collection queues by key).
 *
 * Ends early when `signal` aborts, without waiting for writes under way.
 * @throws the first write that failed, once those under way have ended
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
      failure ??= new Error(`line ${line}: writing ${JSON.stringify(key)} failed: ${(cause as Error).message}`, {
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
