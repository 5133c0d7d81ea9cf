import { type Scope, sectionOf } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { channelOfStream, streamKey } from '../names.ts'
import { appendLua } from '../stream-append.ts'
import { BlockingFeed } from './blocking-feed.ts'
import type { MediumKind } from './medium.ts'
import type { BusSettings } from './settings.ts'
import { ShardedFeed } from './sharded-feed.ts'
import { Standing } from './standing.ts'
import { StreamReader } from './stream-reader.ts'

/**
 * KEYS: the stream. ARGV: how many entries are kept, the frame, its key as JSON or nothing. The reply: what was told to nobody,
 * because those who listen do so at the node that the slot is leaving. Sent as it is: of calls by its digest, one for which the
 * node has to be told it first would be done after those that follow.
 */
const APPEND = `${appendLua}
local told, head = append(KEYS[1], ARGV[2], ARGV[3], ARGV[1])
if told > 0 then return {} end
-- the slot is being moved where two absent keys cannot be asked for
return type(redis.pcall('EXISTS', KEYS[1] .. ':0', KEYS[1] .. ':1')) == 'number' and {} or { head }
`

const streamOf = (scope: Scope, { layout }: Connection): string => streamKey(sectionOf(scope), layout)

/**
 * Redis Streams: one per section, kept for a while, read by who follows it; a document's followers pass over the rest. In a
 * cluster one call reads no more than one slot: there what is new is told on the section's channel, and nobody waits.
 */
export const streams: MediumKind = {
  capabilities: {
    delivery: 'at-least-once',
    replay: 'from-offset',
    ordering: 'per-section',
    durability: 'server',
    whenDown: 'reject',
    live: 'at-once',
    echo: true,
  },
  method: 'redis:xadd',
  destination: streamOf,
  open(lines, settings, told) {
    const { commands, listening } = lines
    const { onError } = settings
    const { cluster } = commands.layout
    const standing = new Standing(told)
    const feed = cluster ? new ShardedFeed(listening, onError, standing) : new BlockingFeed(lines, settings, standing)
    const reader = new StreamReader(feed, { commands, onError, lost: () => standing.lost() })
    const publish = cluster ? addAndTell : add
    return {
      publish: (scope, frame) => publish(commands, scope, frame, settings),
      listen: (scope, handler, after) => reader.listen(streamOf(scope, commands), scope, handler, after),
      close: () => reader.close(),
    }
  },
}

type Publish = (commands: Connection, scope: Scope, frame: string, settings: BusSettings) => Promise<unknown>

const keyOf = (scope: Scope): [key: string] | [] => ('key' in scope ? [JSON.stringify(scope.key)] : [])

const add: Publish = (commands, scope, frame, { maxFrames }) => {
  const stream = streamOf(scope, commands)
  const about = keyOf(scope).flatMap((key) => ['key', key])
  return commands.send(['XADD', stream, 'MAXLEN', '~', `${maxFrames}`, '*', 'frame', frame, ...about], stream)
}

const addAndTell: Publish = async (commands, scope, frame, { maxFrames }) => {
  const stream = streamOf(scope, commands)
  const told = await commands.send(['EVAL', APPEND, '1', stream, `${maxFrames}`, frame, ...keyOf(scope)], stream)
  const [head] = told as string[]
  if (head === undefined) return
  const channel = channelOfStream(stream)
  // it is in the stream, whoever hears of it now
  await commands.send(['SPUBLISH', channel, head + frame], channel).catch(() => {})
}
