import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryHub, type MemoryHub, memoryStore } from '../../src/memory/index.ts'
import { decodeChange } from '../../src/transport/decode.ts'
import type { CommitRequest, Expectation, Store, StoredDocument } from '../../src/transport/store.ts'
import { createManualRuntime, type ManualRuntime } from './manual-runtime.ts'
import { comparable, Oracle, type OracleDocument } from './oracle.ts'

const SECTION = { partition: 'eu', section: 'product' }
const LIMITS = { maxOpResults: 6, maxChanges: 7, lineageDepth: 2, maxUndoCommits: 5 }
const KEYS = ['k', 'l']
const FIELDS = ['a', 'b', 'c']

/** The store under test, its oracle, and the epochs of both so far. */
class World {
  readonly runtime: ManualRuntime = createManualRuntime()
  readonly hub: MemoryHub = createMemoryHub({ runtime: this.runtime, ...LIMITS })
  readonly store: Store = memoryStore(this.hub)
  readonly oracle: Oracle
  readonly epochs: string[] = []
  #minted = 0
  /** Kinds of results in a run. They show that the property was exercised. */
  readonly seen: Set<string>

  constructor(seen: Set<string>) {
    this.seen = seen
    this.oracle = new Oracle({ ...LIMITS, mint: () => `id${++this.#minted}` })
    this.oracle.now = this.runtime.now()
  }

  /** Returns the epoch `back` epochs ago; 0 is the latest. */
  epoch(back: number): string {
    return this.epochs.at(-1 - back) ?? this.oracle.state.epoch
  }

  /** Compares store and oracle. Calls no store method, because the next command must notice a new epoch alone. */
  agree(): void {
    const { oracle, hub } = this
    const { state, documents } = hub.store.inspect(SECTION) ?? {}
    expect(state).toEqual(oracle.sectionState())
    for (const key of KEYS) sameDocument(documents?.get(key), oracle.doc(key), oracle.now)
    if (this.epochs.at(-1) !== oracle.state.epoch) this.epochs.push(oracle.state.epoch)
  }
}

function sameDocument(stored: StoredDocument | undefined, doc: OracleDocument | undefined, now: number): void {
  const fields = Object.entries(doc?.fields ?? {})
  expect(stored && JSON.parse(stored.text)).toEqual(
    doc && Object.fromEntries(fields.map(([name, { text }]) => [name, JSON.parse(text)])),
  )
  if (!doc) return
  const { generation, version, floor } = doc
  const fieldVersions = Object.fromEntries(fields.map(([name, field]) => [name, field.version]))
  expect(stored).toMatchObject({ generation, version, floor, fieldVersions })
  expect(stored?.expiresIn ?? Number.POSITIVE_INFINITY).toBe(doc.expiresAt - now)
}

type Command = (world: World) => Promise<void>

const small = fc.nat(4)
const key = fc.constantFrom(...KEYS)

/** A drawn precondition. With `actual`, the current values replace the drawn ones when the command runs. */
const drawnExpectation = fc.option(
  fc.record(
    {
      back: fc.nat(2),
      sequence: fc.nat(9),
      generation: fc.nat(9),
      version: small,
      field: fc.constantFrom(...FIELDS),
      fieldVersion: small,
      actual: fc.boolean(),
    },
    { requiredKeys: ['back', 'sequence', 'actual'] },
  ),
)

function expectationOf(
  drawn: NonNullable<typeof drawnExpectation extends fc.Arbitrary<infer T> ? T : never>,
  world: World,
  of: string,
): Expectation {
  const doc = world.oracle.doc(of)
  const { back, sequence, generation, version, field, fieldVersion, actual } = drawn
  if (!actual) {
    return {
      readAt: { epoch: world.epoch(back), sequence },
      ...(generation !== undefined && { generation }),
      ...(version !== undefined && { version }),
      ...(field && fieldVersion !== undefined && { fields: { [field]: fieldVersion } }),
    }
  }
  return {
    readAt: { epoch: world.epoch(0), sequence: world.oracle.state.sequence },
    generation: doc?.generation ?? 0,
    ...(version !== undefined && { version: doc?.version ?? 0 }),
    ...(field && { fields: { [field]: doc?.fields[field]?.version ?? doc?.floor ?? 0 } }),
  }
}

const drawnRequest = fc.record({
  key,
  id: fc.nat(60),
  attempt: fc.constantFrom(1, 1, 2, 3),
  bornBack: fc.constantFrom(0, 0, 0, 1, 2),
  bornLag: fc.constantFrom(0, 0, 0, 2, 5),
  late: fc.constantFrom(0, 0, 0, 0, 0, 1),
  action: fc.constantFrom('write', 'write', 'write', 'delete'),
  fields: fc.uniqueArray(
    fc.record({ field: fc.constantFrom(...FIELDS), value: fc.option(fc.nat(99)), base: fc.option(small) }),
    { selector: ({ field }) => field, maxLength: 3 },
  ),
  others: fc.constantFrom('keep', 'keep', 'remove'),
  create: fc.constantFrom(true, true, false),
  ttl: fc.constantFrom(undefined, undefined, 10, 30),
  expect: drawnExpectation,
})

const commit: fc.Arbitrary<Command> = fc
  .array(drawnRequest, { minLength: 1, maxLength: 3 })
  .map((group) => async (world) => {
    // every request of the group is built from the same state; the oracle executes them one by one
    const requests = group.map((drawn): CommitRequest => {
      const state = world.oracle.sectionState()
      return {
        ref: { ...SECTION, key: drawn.key },
        op: {
          id: `op${drawn.id}`,
          attempt: drawn.attempt,
          idOrigin: {
            epoch: world.epoch(drawn.bornBack),
            opResultCount: Math.max(0, state.opResultCount - drawn.bornLag),
          },
        },
        epoch: world.epoch(drawn.late),
        origin: 'w',
        action: drawn.action as 'write' | 'delete',
        fields: drawn.fields.map(({ field, value, base }) =>
          value === null
            ? { field }
            : { field, whole: String(value), ...(base !== null && { delta: { ops: `[[2,"",${value}]]`, base } }) },
        ),
        otherFields: drawn.others as 'keep' | 'remove',
        allowCreate: drawn.create,
        ...(drawn.ttl && { ttl: drawn.ttl }),
        ...(drawn.expect && { expect: expectationOf(drawn.expect, world, drawn.key) }),
      }
    })
    const results = await world.store.commit(requests)
    for (const [i, request] of requests.entries()) {
      const answer = world.oracle.commit(request)
      const result = results[i]
      if (!result) throw new Error('a request without a result')
      const change = result.status === 'committed' ? decodeChange(result.change) : undefined
      expect(comparable(result, change)).toEqual(answer)
      expect(result.state).toEqual(world.oracle.sectionState())
      world.seen.add(result.status === 'conflict' ? result.reason : result.status)
      for (const edit of Array.isArray(change?.edits) ? change.edits : []) world.seen.add(edit.kind)
    }
  })

const since: fc.Arbitrary<Command> = fc
  .record({
    back: fc.nat(2),
    sequence: fc.nat(20),
    limit: fc.integer({ min: 1, max: 4 }),
    key: fc.option(key, { nil: undefined }),
  })
  .map(({ back, sequence, limit, key }) => async (world) => {
    const after = { epoch: world.epoch(back), sequence }
    const scope = key === undefined ? SECTION : { ...SECTION, key }
    const { state, status, changes, upTo } = await world.store.changesSince(scope, after, limit)
    const page = { status, changes: changes.map((change) => decodeChange(change)), ...(status === 'page' && { upTo }) }
    expect(page).toEqual(world.oracle.since(after, limit, key))
    expect(state).toEqual(world.oracle.sectionState())
    world.seen.add(status)
  })

const heads: fc.Arbitrary<Command> = fc
  .record({ back: fc.nat(1), ahead: fc.integer({ min: -3, max: 1 }) })
  .map(({ back, ahead }) => async (world) => {
    const highestSeen = { epoch: world.epoch(back), sequence: world.oracle.state.sequence + ahead }
    const [head] = await world.store.heads([{ scope: SECTION, highestSeen }])
    expect(head).toEqual({ state: world.oracle.heads(highestSeen) })
  })

const pass: fc.Arbitrary<Command> = fc.integer({ min: 1, max: 25 }).map((ms) => async (world) => {
  world.runtime.advance(ms)
  world.oracle.now += ms
})

const load: fc.Arbitrary<Command> = fc.constant(async (world) => {
  world.oracle.touch()
  const loaded = await world.store.load(KEYS.map((key) => ({ ...SECTION, key })))
  for (const [i, { state, document }] of loaded.entries()) {
    expect(state).toEqual(world.oracle.sectionState())
    sameDocument(document, world.oracle.doc(KEYS[i] ?? ''), world.oracle.now)
  }
})

const touch: fc.Arbitrary<Command> = fc
  .record({ key, ttl: fc.integer({ min: 1, max: 30 }) })
  .map(({ key, ttl }) => async (world) => {
    await world.store.touch([{ ref: { ...SECTION, key }, ttl }])
    world.oracle.slide(key, ttl)
  })

const restart: fc.Arbitrary<Command> = fc.constant(async (world) => {
  world.hub.store.restart()
  world.oracle.identity++
})

const loseTail: fc.Arbitrary<Command> = fc.integer({ min: 0, max: LIMITS.maxUndoCommits }).map((n) => async (world) => {
  world.hub.store.loseTail(n)
  world.oracle.loseTail(n)
})

const command = fc.oneof(
  { weight: 12, arbitrary: commit },
  { weight: 4, arbitrary: since },
  { weight: 2, arbitrary: heads },
  { weight: 2, arbitrary: load },
  { weight: 1, arbitrary: touch },
  { weight: 2, arbitrary: pass },
  { weight: 1, arbitrary: restart },
  { weight: 1, arbitrary: loseTail },
)

describe('memoryStore()', () => {
  it('answers every command as the oracle does', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 80, size: 'max' }), async (commands) => {
        const world = new World(seen)
        await world.store.heads([{ scope: SECTION }])
        world.agree()
        for (const run of commands) {
          await run(world)
          world.agree()
        }
      }),
      { numRuns: 150 },
    )
    // a property that never reaches these results would prove nothing
    const statuses = ['committed', 'unchanged', 'stale-epoch', 'op-expired', 'page', 'truncated', 'unknown-position']
    const reasons = ['absent', 'exists', 'generation', 'version', 'field']
    expect([...seen]).toEqual(expect.arrayContaining([...statuses, ...reasons, 'whole', 'delta', 'removed']))
  })
})
