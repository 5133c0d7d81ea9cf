import { canonicalJson } from './canonical.ts'
import { readFeed } from './feed-file.ts'

/** Contents of a feed, determined before the run begins. */
export interface FeedSummary {
  readonly observations: number
  readonly removals: number
  /** Last state of every key as canonical JSON; `undefined` if the key was removed. */
  readonly lastStates: ReadonlyMap<string, string | undefined>
}

/**
 * Reads the whole feed once.
 * @throws FeedError at the first invalid line
 */
export async function summarizeFeed(file: string, signal?: AbortSignal): Promise<FeedSummary> {
  const lastStates = new Map<string, string | undefined>()
  let observations = 0
  let removals = 0
  for await (const { key, value } of readFeed(file)) {
    signal?.throwIfAborted()
    lastStates.set(key, value === null ? undefined : canonicalJson(value))
    if (value === null) removals++
    else observations++
  }
  return { observations, removals, lastStates }
}
