/** One entry of a stream. */
export interface StreamEntry {
  readonly id: string
  readonly frame: string
  /** The document's key as JSON, if the frame was published to a document's scope. */
  readonly key: string | undefined
}

type RawEntry = readonly [id: string, members: readonly string[]]

const parseEntry = ([id, [, frame = '', , key]]: RawEntry): StreamEntry => ({ id, frame, key })

/** Parses a reply of XRANGE. */
export const parseEntries = (reply: unknown): StreamEntry[] => (reply as readonly RawEntry[]).map(parseEntry)

/** Parses a reply of XREAD. Empty if the read timed out. RESP3 replies with a map, RESP2 with a list of pairs. */
export function parseReadReply(reply: unknown): (readonly [stream: string, entries: readonly StreamEntry[]])[] {
  if (reply === null || reply === undefined) return []
  return toPairs(reply).map(([stream, entries]) => [stream, parseEntries(entries)])
}

function toPairs(reply: unknown): (readonly [string, unknown])[] {
  if (!Array.isArray(reply)) return Object.entries(reply as object)
  if (Array.isArray(reply[0])) return reply as [string, unknown][]
  return Array.from({ length: reply.length / 2 }, (_, at) => [reply[at * 2] as string, reply[at * 2 + 1]])
}

/** Returns a value by its name in a reply of XINFO. */
export function infoField(reply: unknown, name: string): unknown {
  return toPairs(reply).find(([each]) => each === name)?.[1]
}
