const CHANGE_HEAD = /^\[("(?:[^"\\]|\\.)*"),\d+,\d+,(\d+)/

/** What a change begins with, read without the rest of it: `[key, generation, version, sequence, …`. */
export function parseChangeHead(change: string): { readonly key: string; readonly sequence: number } {
  const [, key = '""', sequence] = CHANGE_HEAD.exec(change) ?? []
  return { key: JSON.parse(key) as string, sequence: Number(sequence) }
}
