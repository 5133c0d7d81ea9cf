import { canTest, type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus, type SyncInstance } from '@sync/core'
import { type CommitRequest, listKeys, type SectionRef, type Store } from '@sync/core/adapter'
import { redisStore } from '@sync/redis'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sectionName } from '../src/names.ts'
import { keyOfMember, memberOf, scanPattern } from '../src/store/key-index.ts'
import { indexLua } from '../src/store/lua/keys.ts'

const FOREIGN_KEYS = 3_000
const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const replicated = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', replicate: 'all' })

/** Any key, with many characters that the layout of Redis keys escapes. */
const anyKey = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.string({ minLength: 1, unit: fc.constantFrom('a', ':', '{', '\\', '"', '\0', '\n', '\u{10ffff}', '~', '\ud800') }),
)

describe('memberOf()', () => {
  it('returns another member for each key, from which keyOfMember() restores the key', () => {
    fc.assert(fc.property(anyKey, (key) => keyOfMember(Buffer.from(memberOf(key)).toString()) === key))
  })

  it('keeps the byte order of well-formed keys', () => {
    const wellFormed = anyKey.filter((key) => key.isWellFormed())
    const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
    fc.assert(fc.property(wellFormed, wellFormed, (a, b) => compare(memberOf(a), memberOf(b)) === compare(a, b)))
  })
})

const isTestable = await canTest('the key index of a section', { broker: 'redis', controllable: true })
let single: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  if (isTestable) [single, cluster] = await Promise.all([startRedis(), startRedisCluster({ masters: 2 })])
}, 60_000)
afterAll(async () => {
  await single?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

let partitions = 0

describe.runIf(isTestable).each([
  ['one server', false],
  ['a cluster', true],
] as const)('keys() on %s', (_, isCluster) => {
  const open = (): Store => redisStore(isCluster ? `${cluster.urls[0]}?cluster=true` : single.url)
  const nodes = (): Redis[] => (isCluster ? cluster.urls : [single.url]).map((url) => new Redis(url))

  /** Calls `work` with a client of the node that has a section, and the name of the section's keys. */
  async function onNodeOf(
    section: SectionRef,
    work: (admin: Redis, name: string) => Promise<unknown>,
  ): Promise<unknown> {
    const name = sectionName(section, { cluster: isCluster })
    const node = isCluster ? (await cluster.masterOf(await cluster.slotOf(name))).url : single.url
    const admin = new Redis(node)
    try {
      return await work(admin, name)
    } finally {
      admin.disconnect()
    }
  }

  const call = (section: SectionRef, suffix: string, command: string, ...args: string[]): Promise<unknown> =>
    onNodeOf(section, (admin, name) => admin.call(command, `${name}::${suffix}`, ...args))

  const evalOn = (section: SectionRef, script: string, args: readonly string[]): Promise<unknown> =>
    onNodeOf(section, (admin, name) => admin.eval(script, 1, `${name}::meta`, ...args))

  /** Returns the number of SCAN commands on all nodes while `work` runs. */
  async function scansDuring(work: () => Promise<unknown>): Promise<number> {
    const admins = nodes()
    try {
      await Promise.all(admins.map((admin) => admin.config('RESETSTAT')))
      await work()
      const stats = await Promise.all(admins.map((admin) => admin.info('commandstats')))
      return stats.reduce((sum, text) => sum + Number(/cmdstat_scan:calls=(\d+)/.exec(text)?.[1] ?? 0), 0)
    } finally {
      for (const admin of admins) admin.disconnect()
    }
  }

  let requests = 0

  const request = async (store: Store, section: SectionRef, key: string): Promise<CommitRequest> => {
    const [head] = await store.heads([{ scope: section }])
    if (!head) throw new Error('expected a head')
    const { epoch } = head.state
    return {
      ref: { ...section, key },
      op: { id: `${++requests}`, attempt: 1, idOrigin: head.state },
      epoch,
      origin: 'o',
      action: 'write',
      fields: [{ field: 'n', whole: '1' }],
      otherFields: 'keep',
      allowCreate: true,
    }
  }

  const write = async (store: Store, section: SectionRef, keys: readonly string[], ttl?: number): Promise<void> => {
    const first = await request(store, section, 'first')
    const group = keys.map((key) => ({
      ...first,
      ref: { ...section, key },
      op: { ...first.op, id: `${++requests}` },
      ...(ttl !== undefined && { ttl }),
    }))
    for (const { status } of await store.commit(group)) expect(status).toBe('committed')
  }

  const list = async (store: Store, section: SectionRef, prefix?: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const key of listKeys(store, section, prefix)) keys.push(key)
    return keys
  }

  const newSection = (): SectionRef => ({ partition: `index-${isCluster}-${++partitions}`, section: 'doc' })

  it('lists keys in byte order, with every character that a key can contain', async () => {
    await using store = open()
    const property = fc.asyncProperty(fc.uniqueArray(anyKey, { maxLength: 20 }), anyKey, async (keys, prefix) => {
      const section = newSection()
      await write(store, section, keys)
      const found = await list(store, section)
      const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(memberOf(a)), Buffer.from(memberOf(b))))
      expect(found).toEqual(sorted)
      const begin = prefix.slice(0, 1)
      expect(await list(store, section, begin)).toEqual(sorted.filter((key) => key.startsWith(begin)))
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it.each(['from its beginning', 'from the place where another client stopped'])(
    'indexes a section without an index %s',
    async (where) => {
      await using store = open()
      const section = newSection()
      const keys = Array.from({ length: 2_500 }, (_, n) => `k${String(n).padStart(5, '0')}`)
      for (let at = 0; at < keys.length; at += 500) await write(store, section, keys.slice(at, at + 500))
      await call(section, 'keys', 'DEL')
      await write(store, section, ['created without an index'])
      const isResumed = where !== 'from its beginning'
      if (isResumed) {
        const [head] = await store.heads([{ scope: section }])
        const name = sectionName(section, { cluster: isCluster })
        const step = ['[8]', '1', 'unused', head?.state.epoch ?? '', '0', scanPattern(name), '100']
        await evalOn(section, indexLua, step)
        expect(await call(section, 'meta', 'HGET', 'indexing')).toMatch(/^\S+ [1-9]\d*$/)
        expect(await call(section, 'keys', 'ZCARD')).toBeGreaterThan(1)
        await store.commit([{ ...(await request(store, section, 'k00000')), action: 'delete', fields: [] }])
      }
      expect(await list(store, section)).toEqual(['created without an index', ...keys.slice(isResumed ? 1 : 0)])
      expect(await call(section, 'meta', 'HEXISTS', 'indexing')).toBe(0)
      expect(await scansDuring(() => list(store, section))).toBe(0)
    },
  )

  it('keeps no keys of expired documents in the index while others are created', async () => {
    await using store = open()
    const section = newSection()
    const round = async (n: number): Promise<void> => {
      await write(
        store,
        section,
        Array.from({ length: 100 }, (_, at) => `${n}-${at}`),
        20,
      )
      await vi.waitFor(async () => {
        const loaded = await store.load(Array.from({ length: 100 }, (_, at) => ({ ...section, key: `${n}-${at}` })))
        expect(loaded.filter(({ document }) => document)).toEqual([])
      })
    }
    for (let n = 0; n < 6; n++) await round(n)
    expect(await call(section, 'keys', 'ZCARD')).toBeLessThan(300)
    expect(await list(store, section)).toEqual([])
    expect(await call(section, 'keys', 'ZCARD')).toBe(1)
  })

  it('issues no SCAN for snapshots, entries, full syncs and verification among foreign keys', async () => {
    const openInstance = (): SyncInstance => createInstance({ store: open(), bus: memoryBus(), checkInterval: '1h' })
    const { partition } = newSection()
    await using writer = openInstance()
    await using onDemand = openInstance()
    await using complete = openInstance()
    const admin = new Redis(single.url)
    if (!isCluster)
      await admin.mset(Object.fromEntries(Array.from({ length: FOREIGN_KEYS }, (_, n) => [`foreign:${n}`, n])))
    admin.disconnect()
    const scans = await scansDuring(async () => {
      const written = writer.collection(docs, { partition })
      for (let n = 0; n < 20; n++) await written.set(`k${n}`, { n })
      for (const [sync, definition] of [
        [onDemand, docs],
        [complete, replicated],
      ] as const) {
        const collection = sync.collection(definition, { partition })
        await collection.ready()
        const keys: string[] = []
        for await (const batch of collection.changes({ from: 'snapshot', until: 'now' }))
          keys.push(...batch.map(({ key }) => key))
        for await (const [key] of collection.entries()) keys.push(key)
        expect(keys).toHaveLength(40)
        await sync.verify()
      }
    })
    expect(scans).toBe(0)
  })
})
