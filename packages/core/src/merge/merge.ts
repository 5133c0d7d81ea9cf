import { type Json, jsonEqual } from '../model/json.ts'

/** Input of a merge strategy. All values are frozen JSON. */
export interface MergeInput<V> {
  /** Value that both writers started from; `undefined` if the field was absent. */
  readonly base: V | undefined
  /** Value that this writer wants to store. */
  readonly local: V
  /** Value that the store has now. */
  readonly remote: V
}

/**
 * Resolves concurrent changes of one field. Must be pure and deterministic. If it throws, the write is rejected with
 * `SYNC_REJECTED`.
 */
export type Merge<V> = (input: MergeInput<V>) => V

/** Last write wins, in the store's order. The default, and the only strategy whose writes have no precondition. */
export const lww = <V>({ local }: MergeInput<V>): V => local

/** Greater value wins. Numbers compare by size, strings by code unit. */
export const max = <V extends number | string>({ local, remote }: MergeInput<V>): V => (local > remote ? local : remote)

/** Smaller value wins. Numbers compare by size, strings by code unit. */
export const min = <V extends number | string>({ local, remote }: MergeInput<V>): V => (local < remote ? local : remote)

/** Adds both differences: the local difference from `base` is added to the stored value. */
export const sum = ({ base = 0, local, remote }: MergeInput<number>): number => remote + (local - base)

/**
 * Returns a strategy's name, so that services can detect that they define a field differently; `custom` for one of
 * their own.
 */
export const strategyName = (merge: object): string => strategyNames.get(merge) ?? 'custom'

const strategyNames = new WeakMap<object, string>([
  [lww, 'lww'],
  [max, 'max'],
  [min, 'min'],
  [sum, 'sum'],
])

type Scalar = string | number | boolean | null

/**
 * Returns a strategy that merges lists by intent: elements added by either side are kept, elements removed by either
 * side are gone, in the stored order. Elements are identified by their member `by`, or by their own value; repeats of one
 * are counted. An element changed on both sides keeps the local form.
 */
export function union<K extends string>(
  by: K,
): <V extends readonly { readonly [P in K]: Scalar }[]>(input: MergeInput<V>) => V
export function union(): <V extends readonly Scalar[]>(input: MergeInput<V>) => V
// biome-ignore lint/suspicious/noExplicitAny: the overloads state the types
export function union(by?: string): (input: MergeInput<any>) => any {
  const idOf = (element: unknown): unknown => (by === undefined ? element : (element as Record<string, unknown>)[by])
  const strategy = ({ base, local, remote }: MergeInput<readonly Json[]>): readonly Json[] => {
    const baseById = byOccurrence(base ?? [], idOf)
    const localById = byOccurrence(local, idOf)
    const merged = new Map<unknown, Json>()
    for (const [id, element] of byOccurrence(remote, idOf)) {
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

/** Maps elements by their id and, because an element can repeat, by the number of its occurrence. */
function byOccurrence(elements: readonly Json[], idOf: (element: Json) => unknown): Map<string, Json> {
  const counts = new Map<unknown, number>()
  const byId = new Map<string, Json>()
  for (const element of elements) {
    const id = idOf(element)
    const count = counts.get(id) ?? 0
    counts.set(id, count + 1)
    byId.set(JSON.stringify([id, count]), element)
  }
  return byId
}
