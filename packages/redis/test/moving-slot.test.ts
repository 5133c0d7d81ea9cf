import { canTest, type RedisCluster, startRedisCluster } from '@sync/brokers'
import type { CommitRequest, CommitResult, Head, SectionRef, Store } from '@sync/core/adapter'
import { redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { metaKey } from '../src/names.ts'

const CLUSTER = { cluster: true }
const WAIT = { timeout: 20_000, interval: 10 }

const possible = await canTest('a section whose slot moves', { broker: 'redis', controllable: true })
let cluster: RedisCluster
beforeAll(async () => {
  if (possible) cluster = await startRedisCluster({ masters: 2 })
}, 60_000)
afterAll(() => cluster?.[Symbol.asyncDispose]())

describe.runIf(possible).each(['ioredis', 'redis'] as const)(
  'a section of which not all has moved to another node, over %s',
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

    /** Moves the section's slot; the keys that are named only after `work` was asked for in vain. */
    async function move(section: SectionRef, movedLast: RegExp, work: () => Promise<void>): Promise<void> {
      const slot = await cluster.slotOf(metaKey(section, CLUSTER))
      const from = await cluster.masterOf(slot)
      const to = (await Promise.all([0, 12_000].map((each) => cluster.masterOf(each)))).find((node) => node !== from)
      if (!to) throw new Error('there are two nodes')
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
          const refused = async (): Promise<void> =>
            expect(await target.info('errorstats')).toContain('errorstat_TRYAGAIN')
          await Promise.race([working, vi.waitFor(refused, WAIT)])
        },
      })
      await working
    }

    const write = (
      section: SectionRef,
      { id, kept: isCallerGiven, n, standing }: { id: string; kept: boolean; n: number; standing: Head['state'] },
    ): CommitRequest => ({
      ref: { ...section, key: 'k' },
      op: { id, attempt: 1, idOrigin: standing, ...(isCallerGiven && { isCallerGiven }) },
      epoch: standing.epoch,
      origin: 'o',
      action: 'write',
      fields: [{ field: 'n', whole: `${n}` }],
      otherFields: 'keep',
      allowCreate: true,
    })

    const commitOne = async (request: CommitRequest): Promise<CommitResult> => {
      const [result] = await store.commit([request])
      if (!result) throw new Error('no answer')
      return result
    }

    it.each([
      ['log and op memory', /::(log|answers:\d)$/, false],
      ['what its caller named the write', /::op:/, true],
    ])('does nothing twice, and makes nothing anew, while there is elsewhere: %s', async (_, late, kept) => {
      const section = { partition: `${client}${kept}`, section: 's' }
      const born = await headOf(section)
      const first = write(section, { id: 'x', kept, n: 1, standing: born })
      const done = await commitOne(first)
      let again: CommitResult[] = []
      await move(section, late, async () => {
        // the other node is another server: a new epoch
        const { epoch } = await headOf(section)
        const second = write(section, { id: 'y', kept, n: 2, standing: born })
        again = await store.commit([
          { ...first, epoch },
          { ...second, epoch },
        ])
      })
      expect(done.status === 'committed' && done.change).toEqual(again[0]?.status === 'committed' && again[0].change)
      expect(again).toMatchObject([
        { status: 'committed', version: 1 },
        { status: 'committed', version: 2 },
      ])
      const page = await store.changesSince(section, { epoch: born.epoch, sequence: 0 }, 10)
      expect(page.changes.map(({ sequence }) => sequence)).toEqual([1, 2])
    })

    it('deletes nothing while it may have been deleted before', async () => {
      const section = { partition: `${client}:deleted`, section: 's' }
      const standing = await headOf(section)
      const request = (id: string): CommitRequest => write(section, { id, kept: false, n: 1, standing })
      const deletion = (id: string): CommitRequest => ({ ...request(id), action: 'delete', fields: [] })
      for (const each of [request('1'), deletion('2'), request('3')]) await commitOne(each)
      await move(section, /::deleted:/, async () => {
        const { epoch } = await headOf(section)
        expect(await commitOne({ ...deletion('4'), epoch })).toMatchObject({ status: 'committed', existed: true })
      })
      expect((await store.load([{ ...section, key: 'k' }]))[0]?.document).toBeUndefined()
    })

    it('does not take its log for lost', async () => {
      const section = { partition: `${client}:log`, section: 's' }
      const standing = await headOf(section)
      await commitOne(write(section, { id: 'x', kept: false, n: 1, standing }))
      await move(section, /::log$/, async () => {
        const page = await store.changesSince(section, { epoch: standing.epoch, sequence: 0 }, 10)
        expect(page).toMatchObject({ status: 'page', upTo: 1 })
      })
    })
  },
)
