import { type Json, jsonEqual } from '../model/json.ts'

/** What a merge strategy decides about: the value both began from, what this writer wants, what the store has by now. */
export interface MergeInput<V> {
  readonly base: V | undefined
  readonly local: V
  readonly remote: V
}

/**
 * Decides what a field becomes when two writers changed it. Pure and deterministic; throwing refuses the write
 * (`SYNC_REJECTED`).
 */
export type Merge<V> = (input: MergeInput<V>) => V

/** The last write wins: the store's order decides. The default, and the only strategy whose writes are unconditional. */
export const lww = <V>({ local }: MergeInput<V>): V => local

/** The greater value wins. Numbers by size, strings by code unit. */
export const max = <V extends number | string>({ local, remote }: MergeInput<V>): V => (local > remote ? local : remote)

/** The lesser value wins. Numbers by size, strings by code unit. */
export const min = <V extends number | string>({ local, remote }: MergeInput<V>): V => (local < remote ? local : remote)

/** Both writers' differences count: the local one is added to what the store has. */
export const sum = ({ base = 0, local, remote }: MergeInput<number>): number => remote + (local - base)

/** What a strategy is called, so that services can find out whether they define a field alike; one's own has no name. */
export const strategyName = (merge: object): string => strategyNames.get(merge) ?? 'custom'

const strategyNames = new WeakMap<object, string>([
  [lww, 'lww'],
  [max, 'max'],
  [min, 'min'],
  [sum, 'sum'],
])

type Scalar = string | number | boolean | null

/**
 * Lists merged by intent: what either side added is in, what either side removed is out, the store's order first.
 * Elements are told apart by their member `by`, or, without it, by their own value. Of an element changed on both
 * sides the local form stays.
 */
export function union<K extends string>(
  by: K,
): <V extends readonly { readonly [P in K]: Scalar }[]>(input: MergeInput<V>) => V
export function union(): <V extends readonly Scalar[]>(input: MergeInput<V>) => V
// biome-ignore lint/suspicious/noExplicitAny: the overloads say what it takes
export function union(by?: string): (input: MergeInput<any>) => any {
  const idOf = (element: unknown): unknown => (by === undefined ? element : (element as Record<string, unknown>)[by])
  const strategy = ({ base, local, remote }: MergeInput<readonly Json[]>): readonly Json[] => {
    const baseById = new Map((base ?? []).map((element) => [idOf(element), element]))
    const localById = new Map(local.map((element) => [idOf(element), element]))
    const merged = new Map<unknown, Json>()
    for (const element of remote) {
      const id = idOf(element)
      if (baseById.has(id) && !localById.has(id)) continue
      const own = localById.get(id)
      const untouched = own === undefined || jsonEqual(own, baseById.get(id) ?? null)
      merged.set(id, untouched ? element : own)
    }
    for (const [id, element] of localById) if (!baseById.has(id) && !merged.has(id)) merged.set(id, element)
    return [...merged.values()]
  }
  strategyNames.set(strategy, by === undefined ? 'union' : `union by ${by}`)
  return strategy
}
