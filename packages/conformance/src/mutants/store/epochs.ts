import type { CommitResult, SectionState, Store } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { brokenHarness, brokenStore } from './build.ts'

/** A client every answer of which tells another standing. */
const transformState =
  (change: (standing: SectionState) => SectionState) =>
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

/** Epochs told by their number alone: a node that was there before has its old one. */
const epochsByNumber = (name: (mints: number) => string): ((store: Store) => Partial<Store>) => {
  const realByAlias = new Map<string, string>()
  const aliasByReal = new Map<string, string>()
  const withAliases = (standing: SectionState): SectionState => {
    const epoch = name(standing.ancestors.length)
    realByAlias.set(epoch, standing.epoch)
    aliasByReal.set(standing.epoch, epoch)
    return { ...standing, epoch, ancestors: standing.ancestors.map((fork, at) => ({ ...fork, epoch: name(at) })) }
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

/** Stores that are wrong about their own history. */
export const epochs: readonly Mutant[] = [
  brokenStore(
    'STORE-ST-20',
    'does not compare what was shown',
    /the epoch after somebody was shown 4 of 3 is still the same/,
    () => (store) => ({
      heads: (queries) => store.heads(queries.map(({ scope }) => ({ scope }))),
    }),
  ),
  brokenStore('STORE-ST-20', 'mints without a parent', /the new epoch has no parent/, () =>
    transformState((standing) => ({ ...standing, ancestors: [] })),
  ),
  brokenStore(
    'STORE-ST-20',
    'takes whoever saw the head for ahead',
    /the epoch after somebody was shown .*:3\} of 3/,
    () => (store) => ({
      heads: (queries) =>
        store.heads(
          queries.map(({ scope, highestSeen }) =>
            highestSeen ? { scope, highestSeen: { ...highestSeen, sequence: highestSeen.sequence + 1 } } : { scope },
          ),
        ),
    }),
  ),
  brokenStore('STORE-EPO-01', 'forgets its op memory at a mint', /a known op id after a mint/, () => (store) => ({
    commit: async (group) =>
      (await store.commit(group)).map(
        (each, at): CommitResult =>
          group[at]?.epoch !== each.state.epoch ? { status: 'stale-epoch', state: each.state } : each,
      ),
  })),
  brokenStore(
    'STORE-EPO-01',
    'ignores the epoch of a commit',
    /a commit whose writer is in an older epoch: expected "stale-epoch", got "committed"/,
    () => (store) => ({
      async commit(group) {
        const now = await store.heads(
          group.map(({ ref: { partition, section } }) => ({ scope: { partition, section } })),
        )
        return store.commit(group.map((request, at) => ({ ...request, epoch: now[at]?.state.epoch ?? '' })))
      },
    }),
  ),
  brokenStore(
    'STORE-EPO-02',
    'takes expectations of any epoch',
    /an expectation read in an ancestor beyond its fork/,
    () => (store) => ({
      async commit(group) {
        const now = await store.heads(
          group.map(({ ref: { partition, section } }) => ({ scope: { partition, section } })),
        )
        return store.commit(
          group.map(({ expect, ...request }, at) => ({
            ...request,
            ...(expect && { expect: { ...expect, readAt: now[at]?.state ?? expect.readAt } }),
          })),
        )
      },
    }),
  ),
  brokenStore(
    'STORE-EPO-03',
    'reads the log for any place',
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
    'says that a commit nobody answered was not done',
    /what is known of a commit while the server is away: expected "unknown", got "no"/,
    () => (store) => ({
      commit: (group) =>
        store.commit(group).catch((error: Error) => {
          throw Object.assign(error, { committed: 'no' })
        }),
    }),
  ),
  brokenStore(
    'STORE-FLT-09',
    'commits again what was not answered',
    /the versions answered to the repeated group/,
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
    'comes back without its tail under the same epoch',
    /the tail was lost, but the first call afterwards tells the same epoch/,
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
    'fails over without a new epoch',
    /another server took over, but the epoch is the same/,
    () => epochsByNumber(() => 'ever'),
  ),
  brokenStore(
    'STORE-FLT-13',
    'has its old epoch again after a fail-back',
    /another server took over, but the epoch is one from before/,
    () => epochsByNumber((mints) => `node ${mints % 2}`),
  ),
  brokenHarness(
    'STORE-ST-21',
    'counts from one again without its counters',
    /the counters were lost, but the epoch is the same/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, loseCounters: () => {} },
    }),
  ),
]
