import { type Scope, sectionOf } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { streamChannel, streamKey } from '../names.ts'
import { appendLua } from '../stream-entry.ts'
import { BlockingFeed } from './blocking-feed.ts'
import { Connectivity } from './connectivity.ts'
import type { MessagingKind } from './messaging.ts'
import type { BusSettings } from './settings.ts'
import { ShardedFeed } from './sharded-feed.ts'
import { StreamReader } from './stream-reader.ts'

/**
 * Appends and pushes a frame in a cluster.
 *
 * KEYS: the stream. ARGV: the maximum number of entries, the frame, and its document key as JSON (optional).
 * Reply: the header, if the frame still has to be pushed because the subscribers are on the node that the slot is leaving; otherwise
 * empty.
 *
 * Sent with EVAL, not EVALSHA: a call that first has to load the script would be executed after the calls that follow it.
 */
const APPEND_SCRIPT = `${appendLua}
local receivers, header = append(KEYS[1], ARGV[2], ARGV[3], ARGV[1])
if receivers > 0 then return {} end
-- two absent keys cannot be queried while the slot is migrating
return type(redis.pcall('EXISTS', KEYS[1] .. ':0', KEYS[1] .. ':1')) == 'number' and {} or { header }
`

const streamKeyOf = (scope: Scope, { layout }: Connection): string => streamKey(sectionOf(scope), layout)

/**
 * Redis Streams: one per section, which retains the last frames. A document's subscriber reads the section's stream and skips the
 * rest. In a cluster, one call cannot read streams of several slots, so new entries are pushed to the stream's channel instead.
 */
export const streams: MessagingKind = {
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
  destination: streamKeyOf,
  open(connections, settings, onState) {
    const { commands, listening } = connections
    const { onError } = settings
    const { cluster } = commands.layout
    const connectivity = new Connectivity(onState)
    const feed = cluster
      ? new ShardedFeed(listening, onError, connectivity)
      : new BlockingFeed(connections, settings, connectivity)
    const reader = new StreamReader(feed, { commands, onError, onGap: () => connectivity.pulse() })
    const publish = cluster ? addAndPush : add
    return {
      publish: (scope, frame) => publish(commands, scope, frame, settings),
      subscribe: (scope, handler, after) => reader.subscribe(streamKeyOf(scope, commands), scope, handler, after),
      close: () => reader.close(),
    }
  },
}

type Publish = (commands: Connection, scope: Scope, frame: string, settings: BusSettings) => Promise<unknown>

const encodedKeyOf = (scope: Scope): [key: string] | [] => ('key' in scope ? [JSON.stringify(scope.key)] : [])

const add: Publish = (commands, scope, frame, { maxFrames }) => {
  const stream = streamKeyOf(scope, commands)
  const keyArgs = encodedKeyOf(scope).flatMap((key) => ['key', key])
  return commands.send(['XADD', stream, 'MAXLEN', '~', `${maxFrames}`, '*', 'frame', frame, ...keyArgs], stream)
}

const addAndPush: Publish = async (commands, scope, frame, { maxFrames }) => {
  const stream = streamKeyOf(scope, commands)
  const reply = await commands.send(
    ['EVAL', APPEND_SCRIPT, '1', stream, `${maxFrames}`, frame, ...encodedKeyOf(scope)],
    stream,
  )
  const [head] = reply as string[]
  if (head === undefined) return
  const channel = streamChannel(stream)
  // a failed push loses nothing: the frame is in the stream, and readers find it there
  await commands.send(['SPUBLISH', channel, head + frame], channel).catch(() => {})
}
