import { canTest, type RedisCluster, startRedisCluster } from '@sync/brokers'
import type { CommitRequest, CommitResult, Head, SectionRef, Store } from '@sync/core/adapter'
import { redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { metaKey } from '../src/names.ts'

const CLUSTER = { cluster: true }
const WAIT = { timeout: 20_000, interval: 10 }

const isTestable = await canTest('a section whose slot migrates', { broker: 'redis', controllable: true })
let cluster: RedisCluster
beforeAll(async () => {
  if (isTestable) cluster = await startRedisCluster({ masters: 2 })
}, 60_000)
afterAll(() => cluster?.[Symbol.asyncDispose]())

describe.runIf(isTestable).each(['ioredis', 'redis'] as const)(
  'redisStore() while a slot migrates, over %s',
  (client) => {
    let store: Store
    beforeAll(() => {
      store = redisStore(`${cluster.urls[0]}?cluster=true`, { client })
    })
    afterAll(() => store.close())

    const headOf = async (section: SectionRef): Promise<Head['state']> => {
      const [head] = (await store.heads([{ scope: section }])) as [Head]
      return head.state
    }

    /** Migrates the section's slot. Keys that match `movedLast` follow only after `work` got TRYAGAIN. */
    async function move(section: SectionRef, movedLast: RegExp, work: () => Promise<void>): Promise<void> {
      const slot = await cluster.slotOf(metaKey(section, CLUSTER))
      const from = await cluster.masterOf(slot)
      const to = (await Promise.all([0, 12_000].map((each) => cluster.masterOf(each)))).find((node) => node !== from)
      if (!to) throw new Error('expected a second master')
      const target = new Redis(to.url)
      onTestFinished(() => target.disconnect())
      let working: Promise<void> | undefined
      await cluster.moveSlot({
        slot,
        to,
        movedLast,
        async onHalfway() {
          await target.config('RESETSTAT')
          working = work()
          const expectTryAgain = async (): Promise<void> =>
            expect(await target.info('errorstats')).toContain('errorstat_TRYAGAIN')
          await Promise.race([working, vi.waitFor(expectTryAgain, WAIT)])
        },
      })
      await working
    }

    const write = (
      section: SectionRef,
      { id, isCallerGiven, n, state }: { id: string; isCallerGiven: boolean; n: number; state: Head['state'] },
    ): CommitRequest => ({
      ref: { ...section, key: 'k' },
      op: { id, attempt: 1, idOrigin: state, ...(isCallerGiven && { isCallerGiven }) },
      epoch: state.epoch,
      origin: 'o',
      action: 'write',
      fields: [{ field: 'n', whole: `${n}` }],
      otherFields: 'keep',
      allowCreate: true,
    })

    const commitOne = async (request: CommitRequest): Promise<CommitResult> => {
      const [result] = await store.commit([request])
      if (!result) throw new Error('expected a result')
      return result
    }

    it.each([
      ['log and op memory', /::(log|answers:\d)$/, false],
      ['the result of an idempotency key', /::op:/, true],
    ])(
      'executes nothing twice and creates no second key while these keys are on the other node: %s',
      async (_, movedLast, isCallerGiven) => {
        const section = { partition: `${client}${isCallerGiven}`, section: 's' }
        const initial = await headOf(section)
        const first = write(section, { id: 'x', isCallerGiven, n: 1, state: initial })
        const firstResult = await commitOne(first)
        let results: CommitResult[] = []
        await move(section, movedLast, async () => {
          // the other node has another identity, so a new epoch begins
          const { epoch } = await headOf(section)
          const second = write(section, { id: 'y', isCallerGiven, n: 2, state: initial })
          results = await store.commit([
            { ...first, epoch },
            { ...second, epoch },
          ])
        })
        expect(firstResult.status === 'committed' && firstResult.change).toEqual(
          results[0]?.status === 'committed' && results[0].change,
        )
        expect(results).toMatchObject([
          { status: 'committed', version: 1 },
          { status: 'committed', version: 2 },
        ])
        const page = await store.changesSince(section, { epoch: initial.epoch, sequence: 0 }, 10)
        expect(page.changes.map(({ sequence }) => sequence)).toEqual([1, 2])
      },
    )

    it('retries a delete until the tombstone has migrated', async () => {
      const section = { partition: `${client}:deleted`, section: 's' }
      const state = await headOf(section)
      const request = (id: string): CommitRequest => write(section, { id, isCallerGiven: false, n: 1, state })
      const deletion = (id: string): CommitRequest => ({ ...request(id), action: 'delete', fields: [] })
      for (const each of [request('1'), deletion('2'), request('3')]) await commitOne(each)
      await move(section, /::deleted:/, async () => {
        const { epoch } = await headOf(section)
        expect(await commitOne({ ...deletion('4'), epoch })).toMatchObject({ status: 'committed', existed: true })
      })
      expect((await store.load([{ ...section, key: 'k' }]))[0]?.document).toBeUndefined()
    })

    it('does not report the log as truncated before it has migrated', async () => {
      const section = { partition: `${client}:log`, section: 's' }
      const state = await headOf(section)
      await commitOne(write(section, { id: 'x', isCallerGiven: false, n: 1, state }))
      await move(section, /::log$/, async () => {
        const page = await store.changesSince(section, { epoch: state.epoch, sequence: 0 }, 10)
        expect(page).toMatchObject({ status: 'page', upTo: 1 })
      })
    })
  },
)
