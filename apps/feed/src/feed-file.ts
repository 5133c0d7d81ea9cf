import { FeedError } from './feed-error.ts'
import { type Line, readLines } from './lines.ts'

/** One record. The outage feed's records are flat, but nested values from other files are accepted too. */
export type Document = Readonly<Record<string, string | number | boolean | null>>

/** State of one key at one time; `null` if it was removed. */
export interface Observation {
  readonly line: number
  readonly key: string
  readonly value: Document | null
}

/**
 * Reads a feed lazily: one JSON object `{ t, key, value }` per line.
 * @throws FeedError with file and line number if a line is invalid
 */
export async function* readFeed(file: string): AsyncGenerator<Observation> {
  for await (const line of readLines(file)) {
    if (line.text.trim() !== '') yield parseObservation(file, line)
  }
}

function parseObservation(file: string, { number, text }: Line): Observation {
  const fail = (reason: string): never => {
    throw new FeedError(file, number, reason)
  }
  const record = parse(text, fail)
  if (!isObject(record)) return fail('expected a JSON object')
  const { t, key, value } = record
  if (typeof t !== 'string' || Number.isNaN(Date.parse(t))) return fail('"t": expected an ISO 8601 time')
  if (typeof key !== 'string' || key === '') return fail('"key": expected a non-empty string')
  if (value !== null && !isObject(value)) return fail('"value": expected an object or null')
  return { line: number, key, value }
}

function parse(text: string, fail: (reason: string) => never): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return fail(`expected JSON (${(error as Error).message})`)
  }
}

const isObject = (value: unknown): value is Document & Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
