import { channelOf } from '../names.ts'
import { Channels } from './channels.ts'
import type { MediumKind } from './medium.ts'

/** Redis Pub/Sub: a channel per section, or per document where the section is followed by key. Nothing is kept. */
export const pubsub: MediumKind = {
  capabilities: {
    delivery: 'at-most-once',
    replay: 'none',
    ordering: 'per-section',
    durability: 'sent',
    whenDown: 'reject',
    live: 'at-once',
    echo: true,
  },
  method: 'redis:publish',
  destination: (scope, { layout, database }) => channelOf(scope, layout, database),
  open({ commands, listening }, { onError }, told) {
    const channels = new Channels(listening, onError, told)
    const nameOf = (scope: Parameters<typeof channelOf>[0]): string =>
      channelOf(scope, commands.layout, commands.database)
    return {
      publish(scope, frame) {
        const channel = nameOf(scope)
        return commands.send([commands.layout.cluster ? 'SPUBLISH' : 'PUBLISH', channel, frame], channel)
      },
      listen: (scope, handler) => channels.listen(nameOf(scope), (frame) => handler(frame)),
      close: () => channels.close(),
    }
  },
}
