import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus, type SyncInstance } from '@sync/core'
import { decodeFrame } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { documentKey, metaKey } from '../src/names.ts'

/** The data layout in Redis that the migration guide describes: see docs/migrating-from-ddm.md. */
interface Unit {
  readonly unitName: string
  readonly demand: number
}

const units = defineCollection<Unit>({ section: 'config', ttl: '7d' })
const byDocument = defineCollection<Unit>({ section: 'documents', ttl: '7d', subscribeBy: 'document' })
const at = { partition: 'forecast' }
const DAY = 86_400_000

describe('documentKey() and metaKey()', () => {
  it('share the hash tag partition:section in a cluster', () => {
    const section = { ...at, section: 'config' }
    const keys = [metaKey(section, { cluster: true }), documentKey({ ...section, key: 'unit-001' }, { cluster: true })]
    expect(keys.map((key) => /\{(.*?)\}/.exec(key)?.[1])).toEqual(['forecast:config', 'forecast:config'])
  })
})

describe.runIf(await canTest('docs/migrating-from-ddm.md', { broker: 'redis', controllable: true }))(
  'redisStore() and redisBus()',
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis()
      admin = new Redis(redis.url)
    })
    beforeEach(() => admin.flushall())
    afterAll(async () => {
      admin.disconnect()
      await redis[Symbol.asyncDispose]()
    })

    const open = (): SyncInstance => {
      const sync = createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url) })
      onTestFinished(() => sync.close())
      return sync
    }

    /** Collects a channel's messages, with a plain client. */
    const subscribeTo = async (channel: string): Promise<string[]> => {
      const client = new Redis(redis.url)
      onTestFinished(() => client.disconnect())
      const received: string[] = []
      client.on('message', (_, message: string) => received.push(message))
      await client.subscribe(channel)
      return received
    }

    it('store a document as a hash with name:latest and name:version per field', async () => {
      const unit = open().collection(units, at)
      await unit.assign('unit-001', { unitName: 'PowerPlant A', demand: 380.2 })
      await unit.assign('unit-001', { demand: 450.5 })
      expect(await admin.hgetall('forecast:config:unit-001')).toMatchObject({
        'unitName:latest': '"PowerPlant A"',
        'unitName:version': '1',
        'demand:latest': '450.5',
        'demand:version': '2',
        'VersionId:latest': '2',
      })
    })

    it('expire the whole hash seven days after the last write', async () => {
      const unit = open().collection(units, at)
      await unit.assign('unit-001', { unitName: 'A', demand: 1 })
      await admin.pexpire('forecast:config:unit-001', DAY)
      await unit.assign('unit-001', { demand: 2 })
      const left = await admin.pttl('forecast:config:unit-001')
      expect(left).toBeGreaterThan(6.9 * DAY)
      expect(left).toBeLessThanOrEqual(7 * DAY)
    })

    it('store and publish a write in one call', async () => {
      const sync = open()
      const unit = sync.collection(units, at)
      await unit.assign('unit-001', { unitName: 'A', demand: 1 })
      const received = await subscribeTo('__dataChanged:forecast:config')
      const monitor = await admin.monitor()
      onTestFinished(() => monitor.disconnect())
      const sent: string[] = []
      monitor.on('monitor', (_: string, [name = '']: string[], source: string) => {
        if (source !== 'lua') sent.push(name.toLowerCase())
      })
      await unit.assign('unit-001', { unitName: 'B', demand: 2 })
      await vi.waitFor(() => expect(received).toHaveLength(1))
      await admin.echo('end')
      await vi.waitFor(() => expect(sent).toContain('echo'))
      expect(sent.filter((name) => name !== 'ping')).toEqual(['evalsha', 'echo'])
    })

    it('publish a change on the channel of its section, with the changed fields and the version', async () => {
      const unit = open().collection(units, at)
      await unit.assign('unit-001', { unitName: 'A', demand: 1 })
      const received = await subscribeTo('__dataChanged:forecast:config')
      await unit.assign('unit-001', { demand: 2 })
      await vi.waitFor(() => expect(received).toHaveLength(1))
      expect(decodeFrame(received[0] ?? '').changes).toMatchObject([
        { key: 'unit-001', version: 2, edits: [{ field: 'demand', version: 2, kind: 'whole', value: 2 }] },
      ])
    })

    it("publish a change on the channel of its document with subscribeBy: 'document'", async () => {
      const unit = open().collection(byDocument, at)
      const received = await subscribeTo('__dataChanged:forecast:documents:unit-001')
      const others = await subscribeTo('__dataChanged:forecast:documents')
      await unit.assign('unit-002', { unitName: 'B', demand: 1 })
      await unit.assign('unit-001', { unitName: 'A', demand: 1 })
      await vi.waitFor(() => expect(received).toHaveLength(1))
      expect(others).toEqual([])
    })

    it('store a partition on the server that `partitions` names', async () => {
      await using eu = await startRedis()
      const partitions = { forecast: eu.url }
      await using sync = createInstance({ store: redisStore(redis.url, { partitions }), bus: memoryBus() })
      await sync.collection(units, at).assign('unit-001', { unitName: 'A', demand: 1 })
      await sync.collection(units, { partition: 'other' }).assign('unit-001', { unitName: 'A', demand: 1 })
      const euAdmin = new Redis(eu.url)
      onTestFinished(() => euAdmin.disconnect())
      expect(await euAdmin.exists('forecast:config:unit-001', 'other:config:unit-001')).toBe(1)
      expect(await admin.exists('forecast:config:unit-001', 'other:config:unit-001')).toBe(1)
    })
  },
)
