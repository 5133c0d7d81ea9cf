import type { CommitResult, SectionState, Store } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { brokenHarness, brokenStore } from './build.ts'

/** Transforms the section state in every answer. */
const transformState =
  (change: (state: SectionState) => SectionState) =>
  (store: Store): Partial<Store> => ({
    load: async (refs) => (await store.load(refs)).map((each) => ({ ...each, state: change(each.state) })),
    heads: async (queries) => (await store.heads(queries)).map((each) => ({ ...each, state: change(each.state) })),
    commit: async (group) =>
      (await store.commit(group)).map((each): CommitResult => ({ ...each, state: change(each.state) })),
    async changesSince(scope, after, limit) {
      const page = await store.changesSince(scope, after, limit)
      return { ...page, state: change(page.state) }
    },
  })

/** Names epochs by the number of their ancestors alone, so that an epoch's name can repeat. */
const epochsByNumber = (name: (epochCount: number) => string): ((store: Store) => Partial<Store>) => {
  const realByAlias = new Map<string, string>()
  const aliasByReal = new Map<string, string>()
  const withAliases = (state: SectionState): SectionState => {
    const epoch = name(state.ancestors.length)
    realByAlias.set(epoch, state.epoch)
    aliasByReal.set(state.epoch, epoch)
    return { ...state, epoch, ancestors: state.ancestors.map((fork, at) => ({ ...fork, epoch: name(at) })) }
  }
  return (store) => {
    const overrides = transformState(withAliases)(store)
    const realEpoch = (epoch: string): string => realByAlias.get(epoch) ?? epoch
    return {
      ...overrides,
      async commit(group) {
        const results = await store.commit(
          group.map((request) => ({
            ...request,
            epoch: realEpoch(request.epoch),
            op: { ...request.op, idOrigin: { ...request.op.idOrigin, epoch: realEpoch(request.op.idOrigin.epoch) } },
          })),
        )
        return results.map((each): CommitResult => ({ ...each, state: withAliases(each.state) }))
      },
    }
  }
}

/** Stores that misrepresent a section's history. */
export const epochs: readonly Mutant[] = [
  brokenStore(
    'STORE-ST-20',
    'ignores the sequence that a caller has seen',
    /a caller has seen sequence 4 of 3: expected a new epoch, got the same/,
    () => (store) => ({
      heads: (queries) => store.heads(queries.map(({ scope }) => ({ scope }))),
    }),
  ),
  brokenStore('STORE-ST-20', 'begins an epoch without a parent', /the new epoch: expected a parent with fork 3/, () =>
    transformState((state) => ({ ...state, ancestors: [] })),
  ),
  brokenStore(
    'STORE-ST-20',
    'treats a caller that has seen the head as ahead',
    /the epoch at sequence 3 after a caller has seen .*:3\}/,
    () => (store) => ({
      heads: (queries) =>
        store.heads(
          queries.map(({ scope, highestSeen }) =>
            highestSeen ? { scope, highestSeen: { ...highestSeen, sequence: highestSeen.sequence + 1 } } : { scope },
          ),
        ),
    }),
  ),
  brokenStore(
    'STORE-EPO-01',
    'forgets its op memory in a new epoch',
    /the answer to a known operation id in a new epoch/,
    () => (store) => ({
      commit: async (group) =>
        (await store.commit(group)).map(
          (each, at): CommitResult =>
            group[at]?.epoch !== each.state.epoch ? { status: 'stale-epoch', state: each.state } : each,
        ),
    }),
  ),
  brokenStore(
    'STORE-EPO-01',
    'ignores the epoch of a commit',
    /a commit of a writer in an older epoch: expected "stale-epoch", got "committed"/,
    () => (store) => ({
      async commit(group) {
        const heads = await store.heads(
          group.map(({ ref: { partition, section } }) => ({ scope: { partition, section } })),
        )
        return store.commit(group.map((request, at) => ({ ...request, epoch: heads[at]?.state.epoch ?? '' })))
      },
    }),
  ),
  brokenStore(
    'STORE-EPO-02',
    'accepts preconditions of any epoch',
    /a precondition read in an ancestor epoch after its fork/,
    () => (store) => ({
      async commit(group) {
        const heads = await store.heads(
          group.map(({ ref: { partition, section } }) => ({ scope: { partition, section } })),
        )
        return store.commit(
          group.map(({ expect, ...request }, at) => ({
            ...request,
            ...(expect && { expect: { ...expect, readAt: heads[at]?.state ?? expect.readAt } }),
          })),
        )
      },
    }),
  ),
  brokenStore(
    'STORE-EPO-03',
    'reads the log after any position',
    /the log after .*: expected "unknown-position", got "page"/,
    () => (store) => ({
      async changesSince(scope, after, limit) {
        const page = await store.changesSince(scope, after, limit)
        return page.status === 'unknown-position' ? { ...page, status: 'page', upTo: page.state.sequence } : page
      },
    }),
  ),
  brokenStore(
    'STORE-FLT-01',
    'reports an unanswered commit as not committed',
    /`committed` of a commit while the server is unavailable: expected "unknown", got "no"/,
    () => (store) => ({
      commit: (group) =>
        store.commit(group).catch((error: Error) => {
          throw Object.assign(error, { committed: 'no' })
        }),
    }),
  ),
  brokenStore(
    'STORE-FLT-09',
    'executes a repeated commit again',
    /the versions in the answers to the repeated group/,
    () => (store) => {
      let sends = 0
      return {
        commit: (group) =>
          store.commit(group.map((each) => ({ ...each, op: { ...each.op, id: `${each.op.id}/${++sends}` } }))),
      }
    },
  ),
  brokenHarness(
    'STORE-FLT-11',
    'keeps its epoch after losing the tail',
    /the tail was lost: expected a new epoch in the next answer, got the same/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, loseTail: () => {} },
    }),
  ),
  brokenStore(
    'STORE-FLT-12',
    'loses its log at a restart',
    /changes in the log after a restart: expected 2, got 0/,
    () => (store) => ({
      async changesSince(scope, after, limit) {
        const page = await store.changesSince(scope, after, limit)
        return page.state.ancestors.length > 0 ? { ...page, changes: [] } : page
      },
    }),
  ),
  brokenStore(
    'STORE-FLT-13',
    'keeps its epoch at a failover',
    /another server took over: expected a new epoch, got the same/,
    () => epochsByNumber(() => 'constant'),
  ),
  brokenStore(
    'STORE-FLT-13',
    'returns to its old epoch at a failback',
    /another server took over: expected a new epoch, got an earlier one/,
    () => epochsByNumber((epochCount) => `node ${epochCount % 2}`),
  ),
  brokenHarness(
    'STORE-ST-21',
    'keeps its epoch after losing the counters',
    /the counters were lost: expected a new epoch, got the same/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, loseCounters: () => {} },
    }),
  ),
]
