import type { JsonObject } from '@sync/core'
import { describe, expect, it } from 'vitest'
import type { Call, Commit, FinalState, History, ReadRecord, WatchEvent } from '../history.ts'
import { checkHistory } from './check-history.ts'

const emptyHistory: History = {
  commits: [],
  calls: [],
  reads: [],
  watchEvents: [],
  losses: [],
  refusals: [],
  restarts: [],
  crashes: [],
  finalStates: [],
  lostLineage: false,
  problems: [],
}

/** Consecutive commits to one document, one per state. `overrides` replace members of a correct commit. */
function commits(states: readonly (JsonObject | undefined)[], overrides: readonly Partial<Commit>[] = []): Commit[] {
  return states.map((after, index) => {
    const number = index + 1
    const correct = { at: number * 10, key: 'k', epoch: 'e', sequence: number, generation: 1, version: number, time: 0 }
    const fieldVersions = Object.fromEntries(Object.keys(after ?? {}).map((name) => [name, number]))
    return { ...correct, call: undefined, after, fieldVersions, ...overrides[index] }
  })
}

const call = (overrides: Partial<Call>): Call => {
  const times = { startedAt: 15, endedAt: 25 }
  const acknowledged = { id: 'c', by: 'i', key: 'k', name: 'set', outcome: 'acknowledged', allowedCodes: [] } as const
  return { ...times, ...acknowledged, effect: { kind: 'other' }, ...overrides }
}

const list = (...ids: string[]): JsonObject => ({ n: ids.length, l: ids.map((id) => ({ id, at: 0 })) })

const read = (version: number, value: JsonObject, overrides: Partial<ReadRecord> = {}): ReadRecord => ({
  ...{
    by: 'i',
    at: version * 10,
    key: 'k',
    epoch: 'e',
    generation: 1,
    after: undefined,
    fieldVersions: { s: version },
  },
  ...{ version, value, text: JSON.stringify(value), etag: `"1.${version}-x"`, ...overrides },
})

const finalState = (
  stored: JsonObject | undefined,
  cached: JsonObject | undefined,
  overrides: Partial<FinalState> = {},
): FinalState => ({
  at: 1_000,
  stored: new Map(stored && [['k', stored]]),
  cached: [{ by: 'i', key: 'k', value: cached }],
  replicatesAll: true,
  hasTtl: false,
  watchers: new Map(),
  overdue: [],
  ...overrides,
})

const received = (...changes: object[]): WatchEvent[] =>
  changes.map((change, at) => ({ watcher: 'w', at: at + 1, key: 'k', commits: 1, ...change }) as WatchEvent)

const twoStates = [{ s: 1 }, { s: 3 }]
const merge = { kind: 'merge', field: 's', base: 1, local: 3 } as const

/** Histories with one problem each, and the expected message. */
const incorrectHistories: Readonly<Record<string, readonly [Partial<History>, string]>> = {
  'a problem detected at once': [{ problems: ['a call rejected'] }, 'a call rejected'],
  'a hole in the sequence': [
    { commits: commits(twoStates, [{}, { sequence: 3 }]) },
    'the store: expected sequence 2, got 3',
  ],
  'a repeated version': [
    { commits: commits(twoStates, [{}, { version: 1 }]) },
    'version 1 of generation 1 follows version 1',
  ],
  'a generation that was never created': [
    { commits: commits([{ s: 1 }, undefined, { s: 2 }], [{}, {}, { generation: 2, version: 1 }]) },
    'belongs to generation 2, which does not exist',
  ],
  'a repeated list element': [{ commits: commits([list('c', 'c')]) }, 'lists a write twice'],
  'a missing list element': [{ commits: commits([{ n: 1, l: [] }]) }, 'has n = 1, but 0 elements'],
  'an acknowledged write without a commit': [
    { commits: commits(twoStates), calls: [call({})] },
    'was acknowledged, but is missing',
  ],
  'an acknowledged write whose loss was not reported to its process': [
    { commits: commits(twoStates, [{}, { call: 'c', lostAt: 30 }]), calls: [call({})], losses: [{ by: 'j', at: 40 }] },
    'was acknowledged, but is missing',
  ],
  'a loss that was reported before the write was acknowledged': [
    { commits: commits(twoStates, [{}, { call: 'c', lostAt: 30 }]), calls: [call({})], losses: [{ by: 'i', at: 20 }] },
    'was acknowledged, but is missing',
  ],
  'a write that took effect twice': [
    { commits: commits(twoStates, [{ call: 'c' }, { call: 'c' }]), calls: [call({ startedAt: 1 })] },
    'took effect 2 times',
  ],
  'a write with an idempotency key that took effect twice': [
    { commits: commits([list('x'), {}, list('x')]), calls: [call({ startedAt: 1, repeats: 'x' })] },
    'took effect 2 times',
  ],
  'a rejected write that took effect': [
    { commits: commits(twoStates, [{}, { call: 'c' }]), calls: [call({ outcome: 'rejected', code: 'SYNC_TIMEOUT' })] },
    'has the outcome "rejected", but took effect',
  ],
  'a refused write that was acknowledged': [
    { commits: commits(twoStates, [{}, { call: 'c' }]), calls: [call({})], refusals: [{ by: 'i', at: 18, call: 'c' }] },
    'was refused, but has the outcome "acknowledged"',
  ],
  'a refused write with an unknown outcome': [
    {
      calls: [call({ outcome: 'unknown', code: 'SYNC_OUTCOME_UNKNOWN' })],
      refusals: [{ by: 'i', at: 18, call: 'c', single: true }],
    },
    'was refused, but has the outcome "unknown"',
  ],
  "a write that was rejected with another write's error": [
    { calls: [call({ outcome: 'rejected', code: 'SYNC_REJECTED' })] },
    'was rejected with SYNC_REJECTED',
  ],
  'a report of a loss that did not occur': [
    { losses: [{ by: 'i', at: 40 }] },
    'i reported a loss, but no commit was lost',
  ],
  'a write that took effect after its acknowledgement': [
    { commits: commits(twoStates, [{}, { call: 'c' }]), calls: [call({ endedAt: 17 })] },
    'took effect after it was acknowledged',
  ],
  'a write that took effect before its start': [
    { commits: commits(twoStates, [{}, { call: 'c' }]), calls: [call({ startedAt: 21 })] },
    'took effect before it started',
  ],
  'a sum that lost an addition': [
    { commits: commits([{ s: 5 }, { s: 3 }], [{}, { call: 'c' }]), calls: [call({ effect: merge })] },
    'set s: expected 7, got 3',
  ],
  'a maximum that decreased': [
    {
      commits: commits([{ hi: 9 }, { hi: 4 }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'merge', field: 'hi', base: 1, local: 4 } })],
    },
    'set hi: expected 9, got 4',
  ],
  'a union that lost an element': [
    {
      commits: commits([{ u: [{ id: 'x' }] }, { u: [{ id: 'y' }] }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'merge', field: 'u', base: [], local: [{ id: 'y' }] } })],
    },
    'set u: expected [{"id":"x"},{"id":"y"}], got [{"id":"y"}]',
  ],
  'a custom strategy whose error was ignored': [
    {
      commits: commits([{ c: '!' }, { c: 'aa' }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'merge', field: 'c', base: 'a', local: 'aa' } })],
    },
    'set c: expected undefined, got "aa"',
  ],
  'a violated precondition': [
    {
      commits: commits([{}, {}, {}], [{}, {}, { call: 'c' }]),
      calls: [call({ endedAt: 35, effect: { kind: 'list', only: { generation: 1, version: 1 } } })],
    },
    'required 1/1, but produced 1/3',
  ],
  'a document that differs from the one of ifMatch': [
    {
      commits: commits([{ a: 'x' }, { a: 'y' }], [{}, { call: 'c' }]),
      calls: [call({ effect: { kind: 'list', only: { generation: 1, version: 1, value: { a: 'z' } } } })],
    },
    'required {"a":"z"}, but the document was {"a":"x"}',
  ],
  'two states with one ETag': [
    { commits: commits(twoStates), reads: [read(1, { s: 1 }), read(2, { s: 3 }, { by: 'j', etag: '"1.1-x"' })] },
    'j read k with ETag "1.1-x" as {"s":3}, but i as {"s":1}',
  ],
  'two ETags of one state': [
    { commits: commits(twoStates), reads: [read(1, { s: 1 }), read(1, { s: 1 }, { by: 'j', etag: '"1.1-y"' })] },
    'j read k at 1/1 with ETag "1.1-y", but i with "1.1-x"',
  ],
  'two texts of one state': [
    { commits: commits(twoStates), reads: [read(1, { s: 1 }), read(1, { s: 1 }, { by: 'j', text: '{"s": 1}' })] },
    'j read k at 1/1 as {"s": 1}, but i as {"s":1}',
  ],
  'a skipped field version': [
    {
      commits: commits([{ a: 'x' }, { a: 'c' }], [{}, { fieldVersions: { a: 3 } }]),
      calls: [call({ effect: { kind: 'compare', field: 'a', version: 1 } })],
    },
    'required version 1 of a, but produced 3',
  ],
  'a creation of an existing document': [
    { commits: commits(twoStates, [{}, { call: 'c' }]), calls: [call({ effect: { kind: 'create' } })] },
    'overwrote an existing document',
  ],
  'a dropped write that was not redundant': [
    {
      commits: commits([{ flag: 0 }]),
      calls: [call({ outcome: 'unchanged', effect: { kind: 'set', fields: { flag: 1 }, alone: true } })],
    },
    'was reported as unchanged, but the document had other values',
  ],
  'a write that was overtaken by a later one': [
    {
      commits: commits(twoStates, [{ call: 'later' }, { call: 'c' }]),
      calls: [call({ startedAt: 1 }), call({ id: 'later', startedAt: 2 })],
    },
    'was overtaken by later',
  ],
  'a read of a state that was never written': [
    { commits: commits(twoStates), reads: [read(2, { s: 4 })] },
    'which no commit produced',
  ],
  'a read with a wrong field version': [
    { commits: commits(twoStates), reads: [read(2, { s: 3 }, { fieldVersions: { s: 1 } })] },
    'read k at 1/2: expected field versions {"s":2}, got {"s":1}',
  ],
  'two states with one version': [
    {
      commits: [...commits(twoStates), ...commits([{ s: 9 }], [{ at: 5, lostAt: 8 }])],
      reads: [read(1, { s: 1 }), read(1, { s: 9 }, { by: 'j' })],
    },
    'j read k at 1/1 as {"s":9}, but i as {"s":1}',
  ],
  'a replica that returned to an older version': [
    { commits: commits(twoStates), reads: [read(2, { s: 3 }), read(1, { s: 1 })] },
    'i read k at 1/1 after 1/2, which is newer',
  ],
  'a read that is older than requested': [
    { commits: commits(twoStates), reads: [read(1, { s: 1 }, { after: '2.e' })] },
    'read k: expected 1/2 or newer, got 1/1',
  ],
  'a repeated change': [
    {
      watchEvents: received(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'delta', version: 2, patch: [{ op: 'replace', path: '/s', value: 3 }] },
        { kind: 'delta', version: 2, patch: [{ op: 'replace', path: '/s', value: 3 }] },
      ),
    },
    'received version 2 of k by 1 commits after version 2',
  ],
  'a change of an unknown document': [
    { watchEvents: received({ kind: 'delta', version: 2, patch: [] }) },
    'received "delta" of k, which it does not have',
  ],
  'a patch that does not produce the value': [
    {
      watchEvents: received(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'changed', version: 2, value: { s: 3 }, patch: [{ op: 'replace', path: '/s', value: 4 }] },
      ),
    },
    'expected the patch of k to produce {"s":3}, got {"s":4}',
  ],
  'a patch that does not apply': [
    {
      watchEvents: received(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'delta', version: 2, patch: [{ op: 'test', path: '/s', value: 2 }] },
      ),
    },
    'does not apply to {"s":1}',
  ],
  'a watcher that missed a change': [
    {
      commits: commits(twoStates),
      watchEvents: received({ kind: 'created', version: 1, value: { s: 1 } }),
      finalStates: [finalState({ s: 3 }, { s: 3 }, { watchers: new Map([['w', ['k']]]) })],
    },
    'k at w: expected {"s":3}, got {"s":1}',
  ],
  'a watcher that missed a removal': [
    {
      watchEvents: received({ kind: 'created', version: 1, value: { s: 1 } }),
      finalStates: [finalState(undefined, undefined, { watchers: new Map([['w', ['k']]]) })],
    },
    'k at w: expected undefined, got {"s":1}',
  ],
  'a replica that missed a change': [
    { commits: commits(twoStates), finalStates: [finalState({ s: 3 }, { s: 1 })] },
    'k at i: expected {"s":3}, got {"s":1}',
  ],
  'a replica of a removed document': [
    { finalStates: [finalState(undefined, { s: 1 })] },
    'k at i: expected undefined, got {"s":1}',
  ],
  'a store that differs from its commits': [
    { commits: commits(twoStates), finalStates: [finalState({ s: 4 }, { s: 4 })] },
    'k in the store: expected {"s":3}, got {"s":4}',
  ],
  'a document that should have expired': [
    { finalStates: [finalState(undefined, undefined, { overdue: ['k'] })] },
    'k is still stored after the end of its TTL',
  ],
}

describe('checkHistory', () => {
  it('finds no problem in a correct history', () => {
    const correct: History = {
      ...emptyHistory,
      commits: commits(twoStates, [{}, { call: 'c' }]),
      calls: [call({ effect: merge })],
      reads: [read(1, { s: 1 }), read(2, { s: 3 }), read(2, { s: 3 }, { by: 'j', after: '2.e' })],
      watchEvents: received(
        { kind: 'created', version: 1, value: { s: 1 } },
        { kind: 'changed', version: 2, value: { s: 3 }, patch: [{ op: 'replace', path: '/s', value: 3 }] },
      ),
      finalStates: [finalState({ s: 3 }, { s: 3 }, { watchers: new Map([['w', ['k']]]) })],
    }
    expect(checkHistory(correct)).toEqual([])
  })

  it.each(Object.keys(incorrectHistories))('finds %s', (name) => {
    const [history, message] = incorrectHistories[name] as (typeof incorrectHistories)[string]
    expect(checkHistory({ ...emptyHistory, ...history }).join('\n')).toContain(message)
  })

  it('accepts a missing write whose loss was reported, unknown or explained by another write', () => {
    const lost = commits(twoStates, [{}, { call: 'c', lostAt: 30 }])
    const excused: readonly Partial<History>[] = [
      { commits: lost, calls: [call({})], losses: [{ by: 'i', at: 40 }] },
      { commits: lost, calls: [call({})], crashes: [{ by: 'i', at: 40 }] },
      { commits: lost, calls: [call({ outcome: 'unknown' })] },
      // the loss of a commit restores the state before it, so "unchanged" is true again
      {
        commits: commits([{ flag: 1 }, { flag: 0 }], [{ at: 5 }, { at: 10, lostAt: 20 }]),
        calls: [call({ outcome: 'unchanged', effect: { kind: 'set', fields: { flag: 1 }, alone: true } })],
      },
      // of two writes that share a commit, only the later one's values show
      {
        commits: commits([{ a: 'd' }], [{ at: 20 }]),
        calls: [
          call({ effect: { kind: 'set', fields: { a: 'c' }, alone: false } }),
          call({ id: 'd', startedAt: 16, effect: { kind: 'set', fields: { a: 'd' }, alone: false } }),
        ],
      },
      { watchEvents: received({ kind: 'resumed', mayMissRemovals: true }, { kind: 'delta', version: 2, patch: [] }) },
    ]
    for (const history of excused) expect(checkHistory({ ...emptyHistory, ...history })).toEqual([])
  })
})
