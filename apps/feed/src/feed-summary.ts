import { canonicalJson } from './canonical.ts'
import { readFeed } from './feed-file.ts'

/** What a feed holds, known before anything of it is written. */
export interface FeedSummary {
  readonly observations: number
  readonly removals: number
  /** The last state of every key as canonical JSON; `undefined`: it is gone. */
  readonly lastStates: ReadonlyMap<string, string | undefined>
}

/**
 * Reads a feed once from end to end.
 * @throws FeedError at the first line that is wrong
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
