/** Returns JSON text that is equal for equal values, regardless of the order of their members. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (isPlain(part) ? sorted(part) : part))
}

const isPlain = (part: unknown): part is Record<string, unknown> =>
  typeof part === 'object' && part !== null && !Array.isArray(part)

function sorted(part: Record<string, unknown>): Record<string, unknown> {
  // `fromEntries` keeps a member named `__proto__`, which an assignment would drop
  return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
}
