import type { Store } from '@sync/core'
import type { SectionRef } from '@sync/core/adapter'

/** One page of a section's keys, in the order of their UTF-16 units. */
export interface KeyPage {
  readonly keys: readonly string[]
  /** Number of keys with the prefix, on all pages. */
  readonly count: number
  /** Whether keys follow after this page. */
  readonly hasMore: boolean
}

/** Lists the keys of a section that begin with `prefix`, from the first one after `after`. */
export async function listKeys(
  store: Store,
  section: SectionRef,
  { prefix, after, limit }: { readonly prefix: string; readonly after: string; readonly limit: number },
): Promise<KeyPage> {
  // a store may return a key twice, and in any order
  const found = new Set<string>()
  for await (const key of store.keys(section, { prefix })) found.add(key)
  const all = [...found].sort()
  const following = all.filter((key) => key > after)
  return { keys: following.slice(0, limit), count: all.length, hasMore: following.length > limit }
}
