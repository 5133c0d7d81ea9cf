/** Returns the name that `text` most likely misspells, or `undefined` if none is close. */
export function closest(text: string, names: readonly string[]): string | undefined {
  const maxEdits = Math.max(1, Math.floor(text.length / 3))
  const [best] = names
    .map((name) => ({ name, edits: name.startsWith(text) ? 1 : distance(text, name) }))
    .filter(({ edits }) => edits <= maxEdits)
    .sort((a, b) => a.edits - b.edits)
  return best?.name
}

/** Returns the number of insertions, deletions, replacements and swaps between two words (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, isSwap ? at(i - 2, j - 2) + 1 : replaced))
    }
  }
  return at(a.length, b.length)
}
