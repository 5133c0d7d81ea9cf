import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createMemoryHub, memoryStore } from '@sync/core'
import {
  type CommitRequest,
  type CommitResult,
  decodeChange,
  type EncodedChange,
  type Expectation,
  type LoadResult,
  type SectionState,
  type Store,
} from '@sync/core/adapter'
import { redisStore } from '@sync/redis'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const LIMITS = { maxOpResults: 6, maxChanges: 7, lineage: 2 }
const KEYS = ['k', 'a:b']
const FIELDS = ['a', 'VersionId', 'x:latest', 'quote"']

let runs = 0

/** One of the two stores, and the epochs it told, by their order. */
class Side {
  readonly store: Store
  readonly section: { partition: string; section: string }
  readonly epochs: string[] = []
  standing: SectionState = { epoch: '', sequence: 0, opResultCount: 0, ancestors: [] }

  constructor(store: Store, partition: string) {
    this.store = store
    this.section = { partition, section: 'product' }
  }

  hear(standing: SectionState): void {
    if (this.epochs.at(-1) !== standing.epoch) this.epochs.push(standing.epoch)
    this.standing = standing
  }

  epoch(back: number): string {
    return this.epochs.at(-1 - back) ?? 'no such epoch'
  }

  /** An epoch by its order, which is the same on both sides. */
  readonly order = (epoch: string): number => this.epochs.indexOf(epoch)

  plain({ epoch, ancestors, ...rest }: SectionState): object {
    return {
      ...rest,
      epoch: this.order(epoch),
      lineage: ancestors.map((fork) => ({ ...fork, epoch: this.order(fork.epoch) })),
    }
  }

  change(encoded: EncodedChange): object {
    const { time: _, ...change } = decodeChange(encoded)
    expect([encoded.key, encoded.sequence]).toEqual([change.key, change.sequence])
    // a hash has no order: what a replacement takes away comes in any
    const edits = Array.isArray(change.edits)
      ? [...change.edits].sort((a, b) => (a.field < b.field ? -1 : 1))
      : change.edits
    return { ...change, edits, epoch: this.order(encoded.epoch) }
  }

  result(result: CommitResult): object {
    this.hear(result.state)
    const standing = this.plain(result.state)
    return 'change' in result ? { ...result, standing, change: this.change(result.change) } : { ...result, standing }
  }

  loaded({ state, document }: LoadResult): object {
    this.hear(state)
    const { changedAt: _, expiresIn, text, ...rest } = document ?? { text: 'null', changedAt: 0 }
    return { standing: this.plain(state), ...rest, value: JSON.parse(text), expires: expiresIn !== undefined }
  }
}

/** Asked of either side alike; answers what can be compared. */
type Command = (side: Side) => Promise<unknown>
type Step = Command | 'restart'

const small = fc.nat(4)
const key = fc.constantFrom(...KEYS)
const field = fc.constantFrom(...FIELDS)

const drawnExpectation = fc.option(
  fc.record(
    {
      back: fc.nat(2),
      lag: fc.nat(6),
      generation: fc.nat(9),
      version: small,
      field,
      fieldVersion: small,
      undeleted: fc.boolean(),
    },
    { requiredKeys: ['back', 'lag'] },
  ),
)

type Drawn = NonNullable<typeof drawnExpectation extends fc.Arbitrary<infer T> ? T : never>

function expectationOf({ back, lag, field: name, fieldVersion, ...rest }: Drawn, side: Side): Expectation {
  const readAt = { epoch: side.epoch(back), sequence: Math.max(0, side.standing.sequence - lag) }
  return {
    ...rest,
    readAt,
    ...(name !== undefined && fieldVersion !== undefined && { fields: { [name]: fieldVersion } }),
  }
}

/** What a writer that has just read the document would expect. */
async function actual(side: Side, ref: CommitRequest['ref'], drawn: Drawn): Promise<Expectation> {
  const [loaded] = await side.store.load([ref])
  const { document, state } = loaded as LoadResult
  const { epoch, sequence } = state
  return {
    readAt: { epoch, sequence },
    generation: document?.generation ?? 0,
    ...(drawn.version !== undefined && { version: document?.version ?? 0 }),
    ...(drawn.field && { fields: { [drawn.field]: document?.fieldVersions[drawn.field] ?? document?.floor ?? 0 } }),
  }
}

const drawnRequest = fc.record({
  key,
  id: fc.nat(60),
  kept: fc.constantFrom(false, false, false, true),
  attempt: fc.constantFrom(1, 1, 2, 3),
  bornBack: fc.constantFrom(0, 0, 0, 1, 2),
  bornLag: fc.constantFrom(0, 0, 0, 2, 5),
  late: fc.constantFrom(0, 0, 0, 0, 0, 1),
  action: fc.constantFrom<CommitRequest['action'][]>('write', 'write', 'write', 'delete'),
  fields: fc.uniqueArray(fc.record({ field, value: fc.option(fc.jsonValue()), base: fc.option(small) }), {
    selector: (each) => each.field,
    maxLength: 3,
  }),
  otherFields: fc.constantFrom<CommitRequest['otherFields'][]>('keep', 'keep', 'remove'),
  allowCreate: fc.constantFrom(true, true, false),
  ttl: fc.constantFrom(undefined, undefined, 60_000.5),
  meta: fc.constantFrom(undefined, { actor: 'ann"' }),
  definition: fc.constantFrom(
    undefined,
    { subscribeBy: 'section', digest: 'd1' },
    { subscribeBy: 'section', digest: 'd2' },
    { subscribeBy: 'document', digest: 'd3' },
  ),
  expect: drawnExpectation,
  knows: fc.boolean(),
})

const commit: fc.Arbitrary<Command> = fc
  .array(drawnRequest, { minLength: 1, maxLength: 3 })
  .map((group) => async (side) => {
    const { opResultCount } = side.standing
    const requests: CommitRequest[] = []
    for (const drawn of group) {
      const {
        key: name,
        id,
        kept: isCallerGiven,
        attempt,
        bornBack,
        bornLag,
        late,
        fields,
        knows,
        expect: drawnExpect,
        ttl,
        meta,
        definition,
        ...rest
      } = drawn
      const ref = { ...side.section, key: name }
      const expected = drawnExpect && (knows ? await actual(side, ref, drawnExpect) : expectationOf(drawnExpect, side))
      requests.push({
        ...rest,
        ref,
        op: {
          id: `op"${id}`,
          attempt,
          idOrigin: { epoch: side.epoch(bornBack), opResultCount: Math.max(0, opResultCount - bornLag) },
          isCallerGiven,
        },
        epoch: side.epoch(late),
        origin: 'w"',
        fields: fields.map(({ field: of, value, base }) => {
          if (value === null) return { field: of }
          const whole = JSON.stringify(value)
          return { field: of, whole, ...(base !== null && { delta: { ops: `[[2,"",${whole}]]`, base } }) }
        }),
        ...(expected && { expect: expected }),
        ...(ttl && { ttl }),
        ...(meta && { meta }),
        ...(definition && { definition: definition as NonNullable<CommitRequest['definition']> }),
      })
    }
    return (await side.store.commit(requests)).map((result) => side.result(result))
  })

const since: fc.Arbitrary<Command> = fc
  .record({ back: fc.nat(2), lag: fc.nat(12), limit: fc.integer({ min: 1, max: 4 }), of: fc.option(key) })
  .map(({ back, lag, limit, of }) => async (side) => {
    const after = { epoch: side.epoch(back), sequence: Math.max(0, side.standing.sequence - lag) }
    const page = await side.store.changesSince(of === null ? side.section : { ...side.section, key: of }, after, limit)
    side.hear(page.state)
    const changes = page.changes.map((change) => side.change(change))
    return { ...page, standing: side.plain(page.state), changes }
  })

const heads: fc.Arbitrary<Command> = fc
  .record({ back: fc.nat(1), ahead: fc.integer({ min: -3, max: 1 }), of: fc.option(key) })
  .map(({ back, ahead, of }) => async (side) => {
    const highestSeen = { epoch: side.epoch(back), sequence: Math.max(0, side.standing.sequence + ahead) }
    const scope = of === null ? side.section : { ...side.section, key: of }
    const [head] = await side.store.heads([{ scope, highestSeen }])
    if (!head) throw new Error('no head')
    side.hear(head.state)
    return { ...head, standing: side.plain(head.state) }
  })

const load: fc.Arbitrary<Command> = fc.constant(async (side) => {
  const loaded = await side.store.load(KEYS.map((each) => ({ ...side.section, key: each })))
  return loaded.map((each) => side.loaded(each))
})

const touch: fc.Arbitrary<Command> = key.map(
  (of) => (side) => side.store.touch([{ ref: { ...side.section, key: of }, ttl: 70_000 }]),
)

const keys: fc.Arbitrary<Command> = fc.constant(async (side) => {
  const found = new Set<string>()
  for await (const each of side.store.keys(side.section)) found.add(each)
  return [...found].sort()
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: commit },
  { weight: 4, arbitrary: since },
  { weight: 2, arbitrary: heads },
  { weight: 2, arbitrary: load },
  { weight: 1, arbitrary: touch },
  { weight: 1, arbitrary: keys },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
)

describe.runIf(await canTest('the store on Redis beside the one in memory', { broker: 'redis', controllable: true }))(
  'the store',
  () => {
    let redis: RedisServer
    let admin: Redis
    let store: Store
    beforeAll(async () => {
      // a log is trimmed by whole nodes: of one entry each it is trimmed exactly, as in memory
      redis = await startRedis({ config: { 'stream-node-max-entries': '1' } })
      admin = new Redis(redis.url)
      store = redisStore(redis.url, LIMITS)
    })
    afterAll(async () => {
      await store.close()
      await admin.quit()
      await redis[Symbol.asyncDispose]()
    })

    test('answers whatever is asked of it as the store in memory does', { timeout: 120_000 }, async () => {
      const seen = new Set<unknown>()
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), async (steps) => {
          const hub = createMemoryHub(LIMITS)
          const name = `run${++runs}`
          const memory = new Side(memoryStore(hub), name)
          const ours = new Side(store, name)
          for (const side of [memory, ours]) {
            const [head] = await side.store.heads([{ scope: side.section }])
            side.hear((head as LoadResult).state)
          }
          for (const each of steps) {
            if (each === 'restart') {
              hub.store.restart()
              // a promotion: the server is another one from here on
              await admin.replicaof('127.0.0.1', 1)
              await admin.replicaof('NO', 'ONE')
              continue
            }
            const wanted = await each(memory)
            expect(await each(ours)).toEqual(wanted)
            for (const answer of Array.isArray(wanted) ? wanted : [wanted]) {
              const { reason, status } = (answer ?? {}) as { reason?: string; status?: string }
              seen.add(reason ?? status)
            }
          }
        }),
        // always the same sequences, so that all there is to be seen is seen; others by SYNC_SEED
        { numRuns: 60, seed: Number(process.env['SYNC_SEED'] ?? 1) },
      )
      // a property that never got there would prove nothing
      const statuses = ['committed', 'unchanged', 'epoch', 'forgotten', 'definition', 'page', 'truncated', 'elsewhere']
      const reasons = ['absent', 'exists', 'deleted', 'generation', 'version', 'field']
      expect([...seen]).toEqual(expect.arrayContaining([...statuses, ...reasons]))
    })
  },
)
