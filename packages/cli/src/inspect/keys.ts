import type { Store } from '@sync/core'
import { compareCodePoints, listKeys, type SectionRef } from '@sync/core/adapter'

/** One page of a section's keys, in the store's order. */
export interface KeyPage {
  readonly keys: readonly string[]
  /** Number of keys with the prefix, on all pages. */
  readonly count: number
  /** Whether keys follow after this page. */
  readonly hasMore: boolean
}

/** Lists the keys of a section that begin with `prefix`, from the first one after `after`. */
export async function readKeyPage(
  store: Store,
  section: SectionRef,
  { prefix, after, limit }: { readonly prefix: string; readonly after: string; readonly limit: number },
): Promise<KeyPage> {
  const keys: string[] = []
  let count = 0
  let hasMore = false
  for await (const key of listKeys(store, section, prefix)) {
    count++
    if (compareCodePoints(key, after) <= 0) continue
    if (keys.length < limit) keys.push(key)
    else hasMore = true
  }
  return { keys, count, hasMore }
}
