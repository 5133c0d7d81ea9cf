/** What one client heard of one key, by sequence. */
export interface KeyHistory {
  readonly key: string
  /** In the order in which they were sent. */
  readonly sent: readonly number[]
  readonly got: readonly number[]
  readonly client: string
}

/** What may happen on the way without breaking the rule. */
export interface Tolerance {
  /** Something that was heard may come again. Default false. */
  readonly repeats?: boolean
  /** Something may be missing. Default false. */
  readonly losses?: boolean
}

/** Tells what is wrong with a history, with no more of it than that takes; `undefined`: nothing. */
export function faultOf(history: KeyHistory, { repeats = false, losses = false }: Tolerance = {}): string | undefined {
  const { key, sent, got, client } = history
  const place = new Map(sent.map((each, at) => [each, at]))
  const heard = new Set<number>()
  const say = (until: number, what: string): string =>
    `key ${JSON.stringify(key)}: sent ${ranges(sent)}, got ${ranges(got.slice(0, until)) || 'nothing'} ← ${what}, client ${client}`
  let furthest = -1
  for (const [at, each] of got.entries()) {
    const here = place.get(each)
    if (here === undefined) return say(at + 1, `${each} was never sent here`)
    if (heard.has(each)) {
      if (!repeats) return say(at + 1, `${each} came again at #${at + 1}`)
      continue
    }
    if (here < furthest) {
      const early = got.findIndex((other) => (place.get(other) ?? -1) > here)
      return say(at + 1, `first inversion at #${early + 1}`)
    }
    heard.add(each)
    furthest = here
  }
  const missing = sent.find((each) => !heard.has(each))
  if (losses || missing === undefined) return undefined
  const after = got.findIndex((each) => (place.get(each) ?? -1) > (place.get(missing) ?? -1))
  return say(after < 0 ? got.length : after + 1, `${missing} never came`)
}

/** The first fault of several histories. */
export function firstFault(histories: readonly KeyHistory[], tolerance?: Tolerance): string | undefined {
  for (const history of histories) {
    const fault = faultOf(history, tolerance)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Numbers with runs of four or more drawn together: `1…9 11`. */
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
