import { channelName } from '../names.ts'
import { ChannelSubscriptions } from './channel-subscriptions.ts'
import type { MessagingKind } from './messaging.ts'

/** Redis Pub/Sub: one channel per section, or per document with `subscribeBy: 'document'`. Retains nothing. */
export const pubsub: MessagingKind = {
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
  destination: (scope, { layout, database }) => channelName(scope, layout, database),
  open({ commands, listening }, { onError }, onState) {
    const channels = new ChannelSubscriptions(listening, onError, onState)
    const channelFor = (scope: Parameters<typeof channelName>[0]): string =>
      channelName(scope, commands.layout, commands.database)
    return {
      publish(scope, frame) {
        const channel = channelFor(scope)
        return commands.send([commands.layout.cluster ? 'SPUBLISH' : 'PUBLISH', channel, frame], channel)
      },
      subscribe: (scope, handler) => channels.subscribe(channelFor(scope), (frame) => handler(frame)),
      close: () => channels.close(),
    }
  },
}
