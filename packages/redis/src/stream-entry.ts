import { CHANNEL_PREFIX } from './names.ts'

/**
 * How a frame is published over Streams in a cluster: it comes into the section's stream, and whoever listens to the stream's
 * channel is told of it in the same step, with the id of the entry before it. Returns how many were told, and `previous id[ key]⏎`.
 *
 * The channel is no key of the call: a slot that is being moved has its keys on one side or the other, and a call for both would be
 * told to try again until all of it has moved.
 */
export const appendLua: string = `
local function append(stream, frame, key, maxFrames)
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local id = key
    and redis.call('XADD', stream, 'MAXLEN', '~', maxFrames, '*', 'frame', frame, 'key', key)
    or redis.call('XADD', stream, 'MAXLEN', '~', maxFrames, '*', 'frame', frame)
  local header = (last and last[1] or '0-0') .. ' ' .. id .. (key and ' ' .. key or '') .. '\\n'
  return redis.call('SPUBLISH', '${CHANNEL_PREFIX}:' .. stream, header .. frame), header
end
`

const ENTRY_HEADER = /^(\d+-\d+) (\d+-\d+)(?: ([^\n]*))?\n/

/** An entry as it is told on its stream's channel. `previous`: the one before it; `key`: as JSON, of a frame about one document. */
export interface PushedEntry {
  readonly previous: string
  readonly id: string
  readonly key: string | undefined
  readonly frame: string
}

/** Reads what comes on a stream's channel. `undefined`: it is not one of ours. */
export function parsePushedEntry(message: string): PushedEntry | undefined {
  const [header, previous, id, key] = ENTRY_HEADER.exec(message) ?? []
  if (header === undefined || previous === undefined || id === undefined) return undefined
  return { previous, id, key, frame: message.slice(header.length) }
}
