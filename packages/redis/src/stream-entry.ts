import { CHANNEL_PREFIX } from './names.ts'

/**
 * Publishes a frame over Streams in a cluster: appends it to the section's stream and, in the same step, pushes it to the stream's
 * channel together with the id of the preceding entry. Returns the number of receivers and the header `previous id[ key]⏎`.
 *
 * The channel is not declared as a key. While a slot migrates, each of its keys is on one node or the other, and a call with keys on
 * both gets TRYAGAIN until the whole slot has moved.
 */
export const appendLua: string = `
-- an error of these commands does not fail the commit
local publishCall = redis.call

local function append(stream, frame, key, maxFrames)
  local last = publishCall('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local id = key
    and publishCall('XADD', stream, 'MAXLEN', '~', maxFrames, '*', 'frame', frame, 'key', key)
    or publishCall('XADD', stream, 'MAXLEN', '~', maxFrames, '*', 'frame', frame)
  local header = (last and last[1] or '0-0') .. ' ' .. id .. (key and ' ' .. key or '') .. '\\n'
  return publishCall('SPUBLISH', '${CHANNEL_PREFIX}:' .. stream, header .. frame), header
end
`

const ENTRY_HEADER = /^(\d+-\d+) (\d+-\d+)(?: ([^\n]*))?\n/

/** A stream entry as its channel carries it. */
export interface PushedEntry {
  /** Id of the preceding entry. */
  readonly previous: string
  readonly id: string
  /** The document's key as JSON, if the frame was published to a document's scope. */
  readonly key: string | undefined
  readonly frame: string
}

/** Parses a message of a stream's channel. Returns `undefined` if it has another format. */
export function parsePushedEntry(message: string): PushedEntry | undefined {
  const [header, previous, id, key] = ENTRY_HEADER.exec(message) ?? []
  if (header === undefined || previous === undefined || id === undefined) return undefined
  return { previous, id, key, frame: message.slice(header.length) }
}
