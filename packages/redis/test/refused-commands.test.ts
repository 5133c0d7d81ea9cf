import { canTest, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus } from '@sync/core'
import type { CommitRequest, CommitResult, SectionState, Store } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commitLua } from '../src/store/lua/commit.ts'
import { headsLua } from '../src/store/lua/heads.ts'
import { loadLua } from '../src/store/lua/load.ts'
import { sinceLua } from '../src/store/lua/since.ts'
import { touchLua } from '../src/store/lua/touch.ts'

const SCRIPTS = { commit: commitLua, load: loadLua, heads: headsLua, since: sinceLua, touch: touchLua }

/** Every command in the scripts' texts, so that a new one is tested without an edit. */
const COMMANDS = [
  ...new Set(
    Object.values(SCRIPTS).flatMap((text) =>
      [...text.matchAll(/call\('([A-Z]+)'/gi)].map(([, command = '']) => command.toLowerCase()),
    ),
  ),
].sort()

const ref = { partition: 'p', section: 's', key: 'k' }

/** Returns a text of every key below `p:`, to compare states of the database. */
const DUMP = `
local keys, parts = redis.call('KEYS', '*'), {}
table.sort(keys)
for _, key in ipairs(keys) do parts[#parts + 1] = key .. '=' .. redis.sha1hex(redis.call('DUMP', key)) .. (redis.call('PTTL', key) < 0 and '' or ' expires') end
return table.concat(parts, '\\n')`

describe.runIf(await canTest('commands that Redis refuses', { broker: 'redis', controllable: true }))(
  'redisStore() whose commands are refused',
  () => {
    describe.each(['server', 'cluster'] as const)('on a %s', (layout) => {
      let url: string
      let admin: Redis
      let stop: () => Promise<void>
      beforeAll(async () => {
        const config = { 'stream-node-max-entries': '1' }
        if (layout === 'server') {
          const redis = await startRedis({ config })
          url = redis.url
          stop = async () => redis[Symbol.asyncDispose]()
        } else {
          const cluster = await startRedisCluster({ masters: 1, config })
          url = cluster.urls[0] as string
          stop = async () => cluster[Symbol.asyncDispose]()
        }
        admin = new Redis(url)
      })
      afterAll(async () => {
        admin.disconnect()
        await stop()
      })

      async function reset(): Promise<void> {
        await admin.config('SET', 'maxmemory', '0')
        await admin.flushall()
      }
      const setUser = (...rules: string[]): Promise<unknown> => admin.call('ACL', 'SETUSER', 'app', ...rules)
      const userUrl = async (): Promise<string> => {
        await setUser('reset', 'on', '>pass', 'allkeys', 'allchannels', 'allcommands')
        return `${url.replace('redis://', 'redis://app:pass@')}${layout === 'cluster' ? '?cluster=true' : ''}`
      }
      async function dump(): Promise<unknown> {
        // the short log age must not change the database between two dumps
        await admin.persist(metaName.replace('meta', 'log'))
        return admin.eval(DUMP, 0)
      }
      const metaName = layout === 'cluster' ? '{p:s}::meta' : 'p:s::meta'

      let opCount = 0
      /** Commits, one of each kind. Small op memory halves and a short log age make them rotate and trim. */
      function commits({ epoch, opResultCount }: SectionState): readonly (readonly [kind: string, CommitRequest])[] {
        const request = (part: Partial<CommitRequest>, key: string = ref.key): CommitRequest => ({
          ref: { ...ref, key },
          op: { id: `op${++opCount}`, attempt: 1, idOrigin: { epoch, opResultCount } },
          epoch,
          origin: 'o',
          action: 'write',
          fields: [
            { field: 'n', whole: `${opCount}` },
            { field: 'extra', whole: '1' },
          ],
          otherFields: 'keep',
          allowCreate: true,
          definition: { subscribeBy: 'section', digest: 'd' },
          ...part,
        })
        const callerGiven = request({})
        return [
          ['write', request({})],
          ['write that creates', request({}, `new${opCount}`)],
          ['write with a ttl', request({ ttl: 600_000 })],
          ['write that removes a field', request({ fields: [{ field: 'extra' }] })],
          ['replacement', request({ fields: [{ field: 'n', whole: `${opCount}` }], otherFields: 'remove' })],
          ['write with an idempotency key', { ...callerGiven, op: { ...callerGiven.op, isCallerGiven: true } }],
          ['delete', request({ action: 'delete', fields: [] })],
          [
            'conditional write',
            request({ expect: { readAt: { epoch, sequence: 0 }, generation: 0, notDeleted: true } }),
          ],
        ]
      }

      const writeCount = async (): Promise<number> => Number(await admin.hget(metaName, 'sequence'))

      /** Sends each kind of commit. Requires that it counts once, or is refused with nothing written. Returns the refused ones. */
      async function commitEach(store: Store): Promise<string[]> {
        const refused: string[] = []
        const state = (): Promise<SectionState> =>
          admin.hmget(metaName, 'epoch', 'sequence', 'answers').then(([epoch, sequence, answers]) => ({
            epoch: epoch ?? '',
            sequence: Number(sequence),
            opResultCount: Number(answers),
            ancestors: [],
          }))
        for (let at = 0; at < commits(await state()).length; at++) {
          const [kind, request] = commits(await state())[at] as [string, CommitRequest]
          const [before, count] = [await dump(), await writeCount()]
          const outcome: CommitResult | Error | undefined = await store.commit([request]).then(
            ([result]) => (result?.status === 'failed' ? result.error : result),
            (error: Error) => error,
          )
          if (outcome instanceof Error) {
            expect(outcome, kind).toMatchObject({ code: 'SYNC_REDIS', retryable: false })
            expect(await dump(), kind).toBe(before)
            refused.push(`${outcome.message}`)
          } else {
            expect(outcome, kind).toMatchObject({ status: expect.stringMatching(/committed|conflict/) })
            expect(await writeCount(), kind).toBe(count + (outcome?.status === 'committed' ? 1 : 0))
            // the same operation again has no effect
            expect((await store.commit([request]))[0], kind).toMatchObject({ status: outcome?.status })
            expect(await writeCount(), kind).toBe(count + (outcome?.status === 'committed' ? 1 : 0))
          }
        }
        return refused
      }

      async function expectRefusedOrDone(call: () => Promise<unknown>): Promise<void> {
        const before = await dump()
        const error = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error === undefined) return
        expect(error).toMatchObject({ code: 'SYNC_REDIS', retryable: false })
        expect(await dump()).toBe(before)
      }

      const readers: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
        load: (store) => store.load([ref]),
        heads: (store) => store.heads([{ scope: ref }]),
        since: (store) => store.changesSince(ref, { epoch: 'unknown', sequence: 0 }, 10),
        touch: (store) => store.touch([{ ref, ttl: 60_000 }]),
      }

      /** States in which a section's next call must write. */
      const prepares: Readonly<Record<string, () => Promise<unknown>>> = {
        'a known section': async () => {},
        'a section of another server': () => admin.hset(metaName, 'identity', 'other'),
        'a section without counters': () => admin.del(metaName),
      }

      const openStore = async (client: 'ioredis' | 'redis'): Promise<Store> => {
        await reset()
        const store = redisStore(await userUrl(), { client, maxOpResults: 4, maxAge: 5, timeout: '10s' })
        expect(await commitEach(await primed(store))).toEqual([])
        return store
      }
      async function primed(store: Store): Promise<Store> {
        await store.load([ref])
        return store
      }

      it.each(['ioredis', 'redis'] as const)(
        'commits once or refuses without a write when any one command is forbidden, over %s',
        async (client) => {
          await using bus = redisBus(await userUrl(), { client })
          await bus.subscribe({ partition: 'p', section: 's' }, () => {})
          await using store = await openStore(client)
          store.publishInCommit?.(bus.inCommit as never)
          for (const command of COMMANDS) {
            await setUser(`-${command}`)
            for (const message of await commitEach(store)) expect(message).toMatch(new RegExp(`\\b${command}\\b`, 'i'))
            for (const prepare of Object.values(prepares)) {
              for (const read of Object.values(readers)) {
                await prepare()
                await expectRefusedOrDone(() => read(store))
              }
              await prepare()
              await commitOnce(store)
            }
            await setUser(`+${command}`)
            await primed(store)
            expect(await commitEach(store), command).toEqual([])
          }
          expect(COMMANDS).toContain('xadd')
        },
      )

      /** Commits in a state in which the section may begin an epoch. */
      async function commitOnce(store: Store): Promise<void> {
        const epoch = (await admin.hget(metaName, 'epoch')) ?? ''
        const [, request] = commits({ epoch, sequence: 0, opResultCount: 0, ancestors: [] })[0] as [
          string,
          CommitRequest,
        ]
        await expectRefusedOrDone(async () => {
          const [result] = await store.commit([request])
          if (result?.status === 'failed') throw result.error
        })
      }

      it.each(['ioredis', 'redis'] as const)(
        'refuses without a write when the server is out of memory, over %s',
        async (client) => {
          await using store = await openStore(client)
          for (const prepare of Object.values(prepares)) {
            await prepare()
            await admin.config('SET', 'maxmemory', '1')
            await commitOnce(store)
            for (const read of Object.values(readers)) await expectRefusedOrDone(() => read(store))
            await admin.config('SET', 'maxmemory', '0')
            await primed(store)
            expect(await commitEach(store)).toEqual([])
          }
          await admin.config('SET', 'maxmemory', '1')
          const refused = await commitEach(store)
          expect(refused).toHaveLength(8)
          for (const message of refused) expect(message).toMatch(/OOM.*maxmemory/)
          await admin.config('SET', 'maxmemory', '0')
        },
      )

      it.each(['ioredis', 'redis'] as const)(
        'refuses without a write when keys of the section may not be written, over %s',
        async (client) => {
          await using store = await openStore(client)
          const own = metaName.replace(':meta', '')
          const all = [':meta', ':log', ':answers:0', ':answers:1', ':deleted:*', ':op:*', 'k', 'new*']
          for (const forbidden of all) {
            const granted = all.filter((part) => part !== forbidden).map((part) => `~${own}${part}`)
            await setUser('resetkeys', ...granted, '%R~*')
            expect(await commitEach(store), forbidden).not.toEqual([])
          }
        },
      )

      it.each(['ioredis', 'redis'] as const)(
        'counts a call once after a right is given back, over %s',
        async (client) => {
          await reset()
          const docs = defineCollection<{ n: number }>({ section: 's', ttl: 'never' })
          const store = redisStore(await userUrl(), { client })
          await using instance = createInstance({ store, bus: memoryBus() })
          const collection = instance.collection(docs, { partition: 'p' })
          await collection.create('k', { n: 0 })
          const increment = (): Promise<unknown> =>
            collection.update('k', (draft) => {
              draft.n++
            })
          await setUser('-persist')
          await expect(increment()).rejects.toMatchObject({
            code: 'SYNC_REDIS',
            committed: 'no',
            message: expect.stringMatching(/persist.*grant/i),
          })
          await setUser('+persist')
          await increment()
          expect(await admin.hget(metaName.replace(':meta', 'k'), 'n:latest')).toBe('1')
        },
      )
    })
  },
)
