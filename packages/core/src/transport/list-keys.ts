import type { SectionRef } from '../model/address.ts'
import type { Store } from './store.ts'

/** Number of keys per page of a listing. */
export const KEY_PAGE_SIZE = 1_000

/**
 * Iterates over the keys of a section's existing documents, optionally those with a prefix, in the order of
 * `Store.keys`.
 */
export async function* listKeys(store: Store, section: SectionRef, prefix = ''): AsyncGenerator<string, void, void> {
  let after: string | undefined
  do {
    const query = { prefix, limit: KEY_PAGE_SIZE, ...(after !== undefined && { after }) }
    const page = await store.keys(section, query)
    yield* page.keys
    after = page.cursor
  } while (after !== undefined)
}
