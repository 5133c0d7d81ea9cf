/** What a strategy says, in other words than the product's: `undefined` where it refuses. */
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

/** What either side added is in, what either side took away is out; what only the other side changed is as that has it. */
function mergeUnion(
  base: unknown[],
  local: unknown[],
  remote: unknown[],
  id: (element: unknown) => unknown,
): unknown[] {
  const find = (elements: unknown[], wanted: unknown): unknown => elements.find((each) => id(each) === wanted)
  const kept = remote
    .filter((each) => find(base, id(each)) === undefined || find(local, id(each)) !== undefined)
    .map((each) => {
      const mine = find(local, id(each))
      return mine === undefined || same(mine, find(base, id(each))) ? each : mine
    })
  const added = local.filter((each) => find(base, id(each)) === undefined && find(remote, id(each)) === undefined)
  return [...kept, ...added]
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Are two values of one field the same? Members stand in no order. */
export const same = (a: unknown, b: unknown): boolean => text(a) === text(b)

const text = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
