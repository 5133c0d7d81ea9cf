/** One entry of a stream. `key`: what it is about, as JSON, if it was published to the scope of one document. */
export interface StreamEntry {
  readonly id: string
  readonly frame: string
  readonly key: string | undefined
}

type RawEntry = readonly [id: string, members: readonly string[]]

const parseEntry = ([id, [, frame = '', , key]]: RawEntry): StreamEntry => ({ id, frame, key })

/** The entries of an XRANGE. */
export const parseEntries = (reply: unknown): StreamEntry[] => (reply as readonly RawEntry[]).map(parseEntry)

/** The entries of an XREAD by stream; none at all: nothing came in time. RESP3 has a map where RESP2 has a list of pairs. */
export function parseReadReply(reply: unknown): (readonly [stream: string, entries: readonly StreamEntry[]])[] {
  if (reply === null || reply === undefined) return []
  return toPairs(reply).map(([stream, entries]) => [stream, parseEntries(entries)])
}

function toPairs(reply: unknown): (readonly [string, unknown])[] {
  if (!Array.isArray(reply)) return Object.entries(reply as object)
  if (Array.isArray(reply[0])) return reply as [string, unknown][]
  return Array.from({ length: reply.length / 2 }, (_, at) => [reply[at * 2] as string, reply[at * 2 + 1]])
}

/** A value by its name in the reply of XINFO. */
export function infoField(reply: unknown, name: string): unknown {
  return toPairs(reply).find(([each]) => each === name)?.[1]
}
