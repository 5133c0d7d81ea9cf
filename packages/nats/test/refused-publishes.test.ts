import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { canTest, startNats } from '@sync/brokers'
import { createInstance, createMemoryHub, defineCollection, memoryStore } from '@sync/core'
import { natsBus } from '@sync/nats'
import { describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ text: string }>({ section: 's', ttl: 'never' })
const WAIT = { timeout: 20_000, interval: 20 }

describe.runIf(await canTest('publications that NATS refuses', { broker: 'nats', controllable: true }))(
  'natsBus() whose publications are refused',
  () => {
    it.each([
      ['the user may not publish', 'core', 'amy'],
      ['the user may not publish', 'jetstream', 'amy'],
      ['the stream accepts only small messages', 'jetstream', 'root'],
    ] as const)(
      'reports SYNC_NATS after one attempt, and others read the change from the store, when %s (%s, as %s)',
      async (_situation, transport, user) => {
        const users = [
          { user: 'amy', password: 'pw', permissions: { publish: ['$JS.API.>'] } },
          { user: 'root', password: 'pw' },
        ]
        const connection = { user: 'root', pass: 'pw' }
        await using nats = await startNats({ config: { authorization: { users } }, connection })
        const hub = createMemoryHub()
        const open = (name: string) => {
          const bus = natsBus(nats.url.replace('nats://', `nats://${name}:pw@`), { transport })
          const instance = createInstance({ store: memoryStore(hub), bus, checkInterval: '200ms' })
          return { bus, instance, collection: instance.collection(docs, { partition: 'p' }) }
        }
        const [writer, reader] = [open(user), open('root')]
        await using _ = writer.instance
        await using __ = reader.instance
        await reader.collection.set('k', { text: 'before' })
        expect(await writer.collection.get('k')).toEqual({ text: 'before' })
        if (user === 'root') await limitMessages(nats.url)
        const failures: unknown[] = []
        writer.instance.onEvent((event) => {
          if (event.type === 'publish-failed') failures.push(event.error)
        })
        const publish = vi.spyOn(writer.bus, 'publish')
        const text = 'x'.repeat(2_000)
        await writer.collection.set('k', { text })
        await vi.waitFor(
          () => expect(failures).toEqual([expect.objectContaining({ code: 'SYNC_NATS', retryable: false })]),
          WAIT,
        )
        expect(publish).toHaveBeenCalledTimes(1)
        await vi.waitFor(async () => expect(await reader.collection.get('k')).toEqual({ text }), WAIT)
      },
    )
  },
)

/** Lowers the maximum message size of every stream. */
async function limitMessages(url: string): Promise<void> {
  const client = await connect({ servers: url, user: 'root', pass: 'pw' })
  const manager = await jetstreamManager(client)
  for (const { config } of await manager.streams.list().next())
    await manager.streams.update(config.name, { ...config, max_msg_size: 1_000 })
  await client.close()
}
