import { type Scope, sectionOf } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { sectionName } from '../names.ts'
import type { MediumKind } from './medium.ts'
import { StreamReader } from './stream-reader.ts'

const streamOf = (scope: Scope, { layout }: Connection): string => `${sectionName(sectionOf(scope), layout)}::changes`

/** Redis Streams: one per section, kept for a while, read by who follows it; a document's followers pass over the rest. */
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
    const { commands } = lines
    const reader = new StreamReader(lines, settings, told)
    return {
      publish(scope, frame) {
        const stream = streamOf(scope, commands)
        const about = 'key' in scope ? ['key', JSON.stringify(scope.key)] : []
        const entry = ['MAXLEN', '~', `${settings.maxFrames}`, '*', 'frame', frame, ...about]
        return commands.send(['XADD', stream, ...entry], stream)
      },
      listen: (scope, handler, after) => reader.listen(streamOf(scope, commands), scope, handler, after),
      close: () => reader.close(),
    }
  },
}
