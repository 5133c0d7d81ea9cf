import { canonicalJson } from './canonical.ts'
import { readFeed } from './feed-file.ts'

/** What a feed holds, known before anything of it is written. */
export interface Survey {
  readonly observations: number
  readonly removals: number
  /** The last state of every key as canonical JSON; `undefined`: it is gone. */
  readonly last: ReadonlyMap<string, string | undefined>
}

/**
 * Reads a feed once from end to end.
 * @throws FeedError at the first line that is wrong
 */
export async function survey(file: string, signal?: AbortSignal): Promise<Survey> {
  const last = new Map<string, string | undefined>()
  let observations = 0
  let removals = 0
  for await (const { key, value } of readFeed(file)) {
    signal?.throwIfAborted()
    last.set(key, value === null ? undefined : canonicalJson(value))
    if (value === null) removals++
    else observations++
  }
  return { observations, removals, last }
}
