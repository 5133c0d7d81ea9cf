/** Returns the expected result of a merge strategy, from an independent implementation. `undefined` if the strategy throws. */
export function expectedMerge(field: string, base: unknown, local: unknown, remote: unknown): unknown {
  if (remote === undefined || same(base, remote)) return local
  return mergeRules[field]?.(base, local, remote)
}

type MergeRule = (base: unknown, local: unknown, remote: unknown) => unknown

const mergeRules: Readonly<Record<string, MergeRule>> = {
  s: (base, local, remote) => number(local) + number(remote) - number(base),
  hi: (_, local, remote) => Math.max(number(local), number(remote)),
  lo: (_, local, remote) => Math.min(number(local), number(remote)),
  u: (base, local, remote) =>
    mergeUnion(list(base), list(local), list(remote), (element) => (element as { id: string }).id),
  t: (base, local, remote) => mergeUnion(list(base), list(local), list(remote), (element) => element),
  c: (_, local, remote) => {
    if (String(remote).startsWith('!')) return undefined
    return [String(local), String(remote)].sort((a, b) => b.length - a.length || (a < b ? 1 : -1))[0]
  },
  w: (base, local, remote) => {
    const before = new Map(Object.entries((base ?? {}) as object))
    const result = new Map(Object.entries(remote as object))
    for (const [name, value] of Object.entries(local as object)) if (before.get(name) !== value) result.set(name, value)
    return Object.fromEntries(result)
  },
}

/** Merges sets: additions and removals of both sides apply, and an element that only one side changed has that side's value. */
function mergeUnion(
  base: unknown[],
  local: unknown[],
  remote: unknown[],
  id: (element: unknown) => unknown,
): unknown[] {
  const find = (elements: unknown[], elementId: unknown): unknown =>
    elements.find((element) => id(element) === elementId)
  const kept = remote
    .filter((element) => find(base, id(element)) === undefined || find(local, id(element)) !== undefined)
    .map((element) => {
      const ours = find(local, id(element))
      return ours === undefined || same(ours, find(base, id(element))) ? element : ours
    })
  const added = local.filter(
    (element) => find(base, id(element)) === undefined && find(remote, id(element)) === undefined,
  )
  return [...kept, ...added]
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Whether two values of a field are equal, regardless of the order of object members. */
export const same = (a: unknown, b: unknown): boolean => text(a) === text(b)

const text = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
