const CHANGE_HEAD = /^\[("(?:[^"\\]|\\.)*"),\d+,\d+,(\d+)/

/** Parses the beginning of an encoded change, `[key, generation, version, sequence, …`, without parsing the rest. */
export function parseChangeHead(change: string): { readonly key: string; readonly sequence: number } {
  const [, key = '""', sequence] = CHANGE_HEAD.exec(change) ?? []
  return { key: JSON.parse(key) as string, sequence: Number(sequence) }
}
