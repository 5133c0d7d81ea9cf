import type { JsonObject } from '@sync/core'
import { expect, test } from 'vitest'
import type { Call, Commit, FinalState, History, ReadRecord, WatchEvent } from '../history.ts'
import { checkHistory } from './check-history.ts'

const nothing: History = {
  commits: [],
  calls: [],
  reads: [],
  watchEvents: [],
  losses: [],
  crashes: [],
  finalStates: [],
  lostLineage: false,
  problems: [],
}

/** Commits to one document, each by its state; what is in `more` differs from a good history. */
function commits(states: readonly (JsonObject | undefined)[], more: readonly Partial<Commit>[] = []): Commit[] {
  return states.map((after, index) => {
    const number = index + 1
    const good = { at: number * 10, key: 'k', epoch: 'e', sequence: number, generation: 1, version: number, time: 0 }
    const fieldVersions = Object.fromEntries(Object.keys(after ?? {}).map((name) => [name, number]))
    return { ...good, call: undefined, after, fieldVersions, ...more[index] }
  })
}

const call = (more: Partial<Call>): Call => {
  const good = { id: 'c', by: 'i', key: 'k', name: 'set', began: 15, ended: 25, outcome: 'done', refusals: [] } as const
  return { ...good, effect: { kind: 'other' }, ...more }
}

const list = (...ids: string[]): JsonObject => ({ n: ids.length, l: ids.map((id) => ({ id, at: 0 })) })

const sighting = (version: number, value: JsonObject, more: Partial<ReadRecord> = {}): ReadRecord => ({
  ...{
    by: 'i',
    at: version * 10,
    key: 'k',
    epoch: 'e',
    generation: 1,
    after: undefined,
    fieldVersions: { s: version },
  },
  ...{ version, value, ...more },
})

const end = (
  stored: JsonObject | undefined,
  held: JsonObject | undefined,
  more: Partial<FinalState> = {},
): FinalState => ({
  at: 1_000,
  stored: new Map(stored && [['k', stored]]),
  held: [{ by: 'i', key: 'k', value: held }],
  holdsAll: true,
  expiring: false,
  watchers: new Map(),
  overdue: [],
  ...more,
})

const told = (...changes: object[]): WatchEvent[] =>
  changes.map((each, at) => ({ watcher: 'w', at: at + 1, key: 'k', commits: 1, ...each }) as WatchEvent)

const two = [{ s: 1 }, { s: 3 }]
const merge = { kind: 'merge', field: 's', base: 1, local: 3 } as const

test('a good history is found good', () => {
  const good: History = {
    ...nothing,
    commits: commits(two, [{}, { call: 'c' }]),
    calls: [call({ effect: merge })],
    reads: [sighting(1, { s: 1 }), sighting(2, { s: 3 }), sighting(2, { s: 3 }, { by: 'j', after: '2.e' })],
    watchEvents: told(
      { kind: 'created', version: 1, value: { s: 1 } },
      { kind: 'changed', version: 2, value: { s: 3 }, patch: [{ op: 'replace', path: '/s', value: 3 }] },
    ),
    finalStates: [end({ s: 3 }, { s: 3 }, { watchers: new Map([['w', ['k']]]) })],
  }
  expect(checkHistory(good)).toEqual([])
})

/** Each has one thing wrong, and what is said of it. */
const planted: Readonly<Record<string, readonly [Partial<History>, string]>> = {
  'what somebody saw at once': [{ problems: ['no error of ours'] }, 'no error of ours'],
  'a hole in the sequence': [{ commits: commits(two, [{}, { sequence: 3 }]) }, 'the store has 3 where 2 should be'],
  'a version twice': [{ commits: commits(two, [{}, { version: 1 }]) }, 'version 1 of 1 comes after 1'],
  'a life that has no beginning': [
    { commits: commits([{ s: 1 }, undefined, { s: 2 }], [{}, {}, { generation: 2, version: 1 }]) },
    'is of a life that began at 2',
  ],
  'an element twice': [{ commits: commits([list('c', 'c')]) }, 'has a write twice'],
  'a write that counted, and whose element is gone': [{ commits: commits([{ n: 1, l: [] }]) }, 'counts 1, but lists 0'],
  'an acknowledged write that is nowhere': [
    { commits: commits(two), calls: [call({})] },
    'was acknowledged, and is not there',
  ],
  'an acknowledged write that is lost without a word': [
    { commits: commits(two, [{}, { call: 'c', lostAt: 30 }]), calls: [call({})], losses: [{ by: 'j', at: 40 }] },
    'was acknowledged, and is not there',
  ],
  'a loss that was told before the write was acknowledged': [
    { commits: commits(two, [{}, { call: 'c', lostAt: 30 }]), calls: [call({})], losses: [{ by: 'i', at: 20 }] },
    'was acknowledged, and is not there',
  ],
  'a write that was done twice': [
    { commits: commits(two, [{ call: 'c' }, { call: 'c' }]), calls: [call({ began: 1 })] },
    'was done 2 times',
  ],
  'a write that is repeated under an id, and done twice': [
    { commits: commits([list('x'), {}, list('x')]), calls: [call({ began: 1, repeats: 'x' })] },
    'was done 2 times',
  ],
  'a refused write that was done': [
    { commits: commits(two, [{}, { call: 'c' }]), calls: [call({ outcome: 'refused', code: 'SYNC_TIMEOUT' })] },
    'is refused, but done',
  ],
  'a write that was refused for what another did': [
    { calls: [call({ outcome: 'refused', code: 'SYNC_REJECTED' })] },
    'was refused with SYNC_REJECTED',
  ],
  'a loss that was none': [{ losses: [{ by: 'i', at: 40 }] }, 'was told of a loss, and nothing was lost'],
  'a write that was done after its answer': [
    { commits: commits(two, [{}, { call: 'c' }]), calls: [call({ ended: 17 })] },
    'was done after it was acknowledged',
  ],
  'a write that was done before it was asked for': [
    { commits: commits(two, [{}, { call: 'c' }]), calls: [call({ began: 21 })] },
    'was done before it was asked for',
  ],
  'a sum of which an addition was lost': [
    { commits: commits([{ s: 5 }, { s: 3 }], [{}, { call: 'c' }]), calls: [call({ effect: merge })] },
    'left s at 3, not 7',
  ],
  'a greater value that gave way': [
    {
      commits: commits([{ hi: 9 }, { hi: 4 }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'merge', field: 'hi', base: 1, local: 4 } })],
    },
    'left hi at 4, not 9',
  ],
  'a union that forgot an element': [
    {
      commits: commits([{ u: [{ id: 'x' }] }, { u: [{ id: 'y' }] }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'merge', field: 'u', base: [], local: [{ id: 'y' }] } })],
    },
    'left u at [{"id":"y"}], not [{"id":"x"},{"id":"y"}]',
  ],
  'a strategy of its own that refused, in vain': [
    {
      commits: commits([{ c: '!' }, { c: 'aa' }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'merge', field: 'c', base: 'a', local: 'aa' } })],
    },
    'left c at "aa", not undefined',
  ],
  'a condition that did not hold': [
    {
      commits: commits([{}, {}, {}], [{}, {}, { call: 'c' }]),
      calls: [call({ ended: 35, effect: { kind: 'list', only: { generation: 1, version: 1 } } })],
    },
    'insisted on 1/1, and made 1/3',
  ],
  'a field version that was passed over': [
    {
      commits: commits([{ a: 'x' }, { a: 'c' }], [{}, { fieldVersions: { a: 3 } }]),
      calls: [call({ effect: { kind: 'compare', field: 'a', version: 1 } })],
    },
    'insisted on version 1 of a, and made 3',
  ],
  'a creation over what was there': [
    { commits: commits(two, [{}, { call: 'c' }]), calls: [call({ effect: { kind: 'create' } })] },
    'was made over a document that was there',
  ],
  'a write that was dropped, though there was something to do': [
    {
      commits: commits([{ flag: 0 }]),
      calls: [call({ outcome: 'unchanged', effect: { kind: 'set', fields: { flag: 1 }, alone: true } })],
    },
    'was taken for nothing to do',
  ],
  'a write that was overtaken by a later one': [
    {
      commits: commits(two, [{ call: 'later' }, { call: 'c' }]),
      calls: [call({ began: 1 }), call({ id: 'later', began: 2 })],
    },
    'was overtaken by later',
  ],
  'a state that nobody wrote': [{ commits: commits(two), reads: [sighting(2, { s: 4 })] }, 'which nobody wrote'],
  'a field of another version': [
    { commits: commits(two), reads: [sighting(2, { s: 3 }, { fieldVersions: { s: 1 } })] },
    'saw k at 1/2 with {"s":1}, not {"s":2}',
  ],
  'two states under one number': [
    {
      commits: [...commits(two), ...commits([{ s: 9 }], [{ at: 5, lostAt: 8 }])],
      reads: [sighting(1, { s: 1 }), sighting(1, { s: 9 }, { by: 'j' })],
    },
    'j saw k at 1/1 as {"s":9}, i as {"s":1}',
  ],
  'a replica that went back': [
    { commits: commits(two), reads: [sighting(2, { s: 3 }), sighting(1, { s: 1 })] },
    'i went back from 1/2 of k to 1/1',
  ],
  'a read as of a place that is older': [
    { commits: commits(two), reads: [sighting(1, { s: 1 }, { after: '2.e' })] },
    'asked for k as of 1/2, and saw 1/1',
  ],
  'a change that was told twice': [
    {
      watchEvents: told(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'delta', version: 2, patch: [{ op: 'replace', path: '/s', value: 3 }] },
        { kind: 'delta', version: 2, patch: [{ op: 'replace', path: '/s', value: 3 }] },
      ),
    },
    'got version 2 of k by 1 commits after 2',
  ],
  'a change of what was never told of': [
    { watchEvents: told({ kind: 'delta', version: 2, patch: [] }) },
    'got a delta of k, which it does not have',
  ],
  'a patch that leads elsewhere': [
    {
      watchEvents: told(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'changed', version: 2, value: { s: 3 }, patch: [{ op: 'replace', path: '/s', value: 4 }] },
      ),
    },
    'the patch of k leads to {"s":4}, not {"s":3}',
  ],
  'a patch that does not fit': [
    {
      watchEvents: told(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'delta', version: 2, patch: [{ op: 'test', path: '/s', value: 2 }] },
      ),
    },
    'does not fit {"s":1}',
  ],
  'a watcher that was left behind': [
    {
      commits: commits(two),
      watchEvents: told({ kind: 'created', version: 1, value: { s: 1 } }),
      finalStates: [end({ s: 3 }, { s: 3 }, { watchers: new Map([['w', ['k']]]) })],
    },
    'w of k is {"s":1}, not {"s":3}',
  ],
  'a watcher that was not told of an end': [
    {
      watchEvents: told({ kind: 'created', version: 1, value: { s: 1 } }),
      finalStates: [end(undefined, undefined, { watchers: new Map([['w', ['k']]]) })],
    },
    'w of k is {"s":1}, not undefined',
  ],
  'a replica that was left behind': [
    { commits: commits(two), finalStates: [end({ s: 3 }, { s: 1 })] },
    'is {"s":1}, not {"s":3}',
  ],
  'a replica of what is gone': [{ finalStates: [end(undefined, { s: 1 })] }, 'is {"s":1}, not undefined'],
  'a store that has something else than it did': [
    { commits: commits(two), finalStates: [end({ s: 4 }, { s: 4 })] },
    `the store's k is {"s":4}, not {"s":3}`,
  ],
  'a document that outlived its time': [
    { finalStates: [end(undefined, undefined, { overdue: ['k'] })] },
    'outlived its time',
  ],
}

test.each(Object.keys(planted))('is found: %s', (name) => {
  const [history, said] = planted[name] as (typeof planted)[string]
  expect(checkHistory({ ...nothing, ...history }).join('\n')).toContain(said)
})

test('what could not be known is no fault', () => {
  const lost = commits(two, [{}, { call: 'c', lostAt: 30 }])
  const excused: readonly Partial<History>[] = [
    { commits: lost, calls: [call({})], losses: [{ by: 'i', at: 40 }] },
    { commits: lost, calls: [call({})], crashes: [{ by: 'i', at: 40 }] },
    { commits: lost, calls: [call({ outcome: 'unknown' })] },
    // what was lost meanwhile leaves what stood before it
    {
      commits: commits([{ flag: 1 }, { flag: 0 }], [{ at: 5 }, { at: 10, lostAt: 20 }]),
      calls: [call({ outcome: 'unchanged', effect: { kind: 'set', fields: { flag: 1 }, alone: true } })],
    },
    // of two that share a commit the later one is seen
    {
      commits: commits([{ a: 'd' }], [{ at: 20 }]),
      calls: [
        call({ effect: { kind: 'set', fields: { a: 'c' }, alone: false } }),
        call({ id: 'd', began: 16, effect: { kind: 'set', fields: { a: 'd' }, alone: false } }),
      ],
    },
    { watchEvents: told({ kind: 'resumed', doubtful: true }, { kind: 'delta', version: 2, patch: [] }) },
  ]
  for (const history of excused) expect(checkHistory({ ...nothing, ...history })).toEqual([])
})
