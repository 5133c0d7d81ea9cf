/** Returns JSON text that is equal for equal documents, regardless of the order of their fields. */
export const canonical = (document: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1)))
