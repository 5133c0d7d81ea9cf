import { FeedError } from './feed-error.ts'
import { type Line, readLines } from './lines.ts'

/** One record. Those of the outage feed are flat; what a file of your own nests is carried all the same. */
export type Document = Readonly<Record<string, string | number | boolean | null>>

/** What was seen of one key at one time; `null`: it is gone. */
export interface Observation {
  readonly line: number
  readonly key: string
  readonly value: Document | null
}

/**
 * Reads a feed as it is asked for: one JSON object `{ t, key, value }` per line.
 * @throws FeedError naming the file and the line that is wrong
 */
export async function* readFeed(file: string): AsyncGenerator<Observation> {
  for await (const line of readLines(file)) {
    if (line.text.trim() !== '') yield parseObservation(file, line)
  }
}

function parseObservation(file: string, { number, text }: Line): Observation {
  const fail = (what: string): never => {
    throw new FeedError(file, number, what)
  }
  const record = parse(text, fail)
  if (!isObject(record)) return fail('not a JSON object')
  const { t, key, value } = record
  if (typeof t !== 'string' || Number.isNaN(Date.parse(t))) return fail('"t" is not a time')
  if (typeof key !== 'string' || key === '') return fail('"key" is not a non-empty text')
  if (value !== null && !isObject(value)) return fail('"value" is neither an object nor null')
  return { line: number, key, value }
}

function parse(text: string, fail: (what: string) => never): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return fail(`not JSON (${(error as Error).message})`)
  }
}

const isObject = (value: unknown): value is Document & Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
