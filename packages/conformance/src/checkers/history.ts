/** Changes of one key that were sent and that one client received, by sequence. */
export interface KeyHistory {
  readonly key: string
  /** Sequences in the order in which they were sent. */
  readonly sent: readonly number[]
  /** Sequences in the order in which the client received them. */
  readonly received: readonly number[]
  /** Name of the client, for messages. */
  readonly client: string
}

/** Deviations that a rule tolerates. */
export interface Tolerance {
  /** True if a change may be received again. Default false. */
  readonly allowDuplicates?: boolean
  /** True if changes may be missing. Default false. */
  readonly allowLosses?: boolean
}

/**
 * Returns a description of the first violation in a history, with the history up to that point;
 * `undefined` if the history is valid.
 */
export function findViolation(
  history: KeyHistory,
  { allowDuplicates = false, allowLosses = false }: Tolerance = {},
): string | undefined {
  const { key, sent, received, client } = history
  const indexOf = new Map(sent.map((each, at) => [each, at]))
  const seen = new Set<number>()
  const describe = (until: number, problem: string): string =>
    `key ${JSON.stringify(key)}: sent ${ranges(sent)}, got ${ranges(received.slice(0, until)) || 'nothing'} ← ${problem}, client ${client}`
  let highestIndex = -1
  for (const [at, each] of received.entries()) {
    const index = indexOf.get(each)
    if (index === undefined) return describe(at + 1, `${each} was never sent`)
    if (seen.has(each)) {
      if (!allowDuplicates) return describe(at + 1, `${each} repeated at #${at + 1}`)
      continue
    }
    if (index < highestIndex) {
      const early = received.findIndex((other) => (indexOf.get(other) ?? -1) > index)
      return describe(at + 1, `first inversion at #${early + 1}`)
    }
    seen.add(each)
    highestIndex = index
  }
  const missing = sent.find((each) => !seen.has(each))
  if (allowLosses || missing === undefined) return undefined
  const after = received.findIndex((each) => (indexOf.get(each) ?? -1) > (indexOf.get(missing) ?? -1))
  return describe(after < 0 ? received.length : after + 1, `${missing} never arrived`)
}

/** Returns a description of the first violation in several histories; `undefined` if all are valid. */
export function findFirstViolation(histories: readonly KeyHistory[], tolerance?: Tolerance): string | undefined {
  for (const history of histories) {
    const violation = findViolation(history, tolerance)
    if (violation !== undefined) return violation
  }
  return undefined
}

/** Formats numbers, with runs of four or more as ranges: `1…9 11`. */
function ranges(numbers: readonly number[]): string {
  const parts: string[] = []
  for (let at = 0; at < numbers.length; ) {
    let end = at
    while (end + 1 < numbers.length && numbers[end + 1] === (numbers[end] as number) + 1) end++
    if (end - at >= 3) parts.push(`${numbers[at]}…${numbers[end]}`)
    else parts.push(...numbers.slice(at, end + 1).map(String))
    at = end + 1
  }
  return parts.join(' ')
}
