import type { CommitResult, Standing, Store } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { broken, harnessed } from './build.ts'

/** A client every answer of which tells another standing. */
const telling =
  (change: (standing: Standing) => Standing) =>
  (store: Store): Partial<Store> => ({
    load: async (refs) => (await store.load(refs)).map((each) => ({ ...each, standing: change(each.standing) })),
    heads: async (asked) => (await store.heads(asked)).map((each) => ({ ...each, standing: change(each.standing) })),
    commit: async (group) =>
      (await store.commit(group)).map((each): CommitResult => ({ ...each, standing: change(each.standing) })),
    async changesSince(scope, after, limit) {
      const page = await store.changesSince(scope, after, limit)
      return { ...page, standing: change(page.standing) }
    },
  })

/** Epochs told by their number alone: a node that was there before has its old one. */
const byNumber = (name: (mints: number) => string): ((store: Store) => Partial<Store>) => {
  const real = new Map<string, string>()
  const shown = new Map<string, string>()
  const tell = (standing: Standing): Standing => {
    const epoch = name(standing.lineage.length)
    real.set(epoch, standing.epoch)
    shown.set(standing.epoch, epoch)
    return { ...standing, epoch, lineage: standing.lineage.map((fork, at) => ({ ...fork, epoch: name(at) })) }
  }
  return (store) => {
    const told = telling(tell)(store)
    const truly = (epoch: string): string => real.get(epoch) ?? epoch
    return {
      ...told,
      async commit(group) {
        const results = await store.commit(
          group.map((request) => ({
            ...request,
            epoch: truly(request.epoch),
            op: { ...request.op, born: { ...request.op.born, epoch: truly(request.op.born.epoch) } },
          })),
        )
        return results.map((each): CommitResult => ({ ...each, standing: tell(each.standing) }))
      },
    }
  }
}

/** Stores that are wrong about their own history. */
export const epochs: readonly Mutant[] = [
  broken(
    'STORE-ST-20',
    'does not compare what was shown',
    /the epoch after somebody was shown 4 of 3 is still the same/,
    () => (store) => ({
      heads: (asked) => store.heads(asked.map(({ scope }) => ({ scope }))),
    }),
  ),
  broken('STORE-ST-20', 'mints without a parent', /the new epoch has no parent/, () =>
    telling((standing) => ({ ...standing, lineage: [] })),
  ),
  broken(
    'STORE-ST-20',
    'takes whoever saw the head for ahead',
    /the epoch after somebody was shown .*:3\} of 3/,
    () => (store) => ({
      heads: (asked) =>
        store.heads(
          asked.map(({ scope, shown }) =>
            shown ? { scope, shown: { ...shown, sequence: shown.sequence + 1 } } : { scope },
          ),
        ),
    }),
  ),
  broken('STORE-EPO-01', 'forgets its op memory at a mint', /a known op id after a mint/, () => (store) => ({
    commit: async (group) =>
      (await store.commit(group)).map(
        (each, at): CommitResult =>
          group[at]?.epoch !== each.standing.epoch ? { status: 'epoch', standing: each.standing } : each,
      ),
  })),
  broken(
    'STORE-EPO-01',
    'ignores the epoch of a commit',
    /a commit whose writer is in an older epoch: expected "epoch", got "committed"/,
    () => (store) => ({
      async commit(group) {
        const now = await store.heads(
          group.map(({ ref: { partition, section } }) => ({ scope: { partition, section } })),
        )
        return store.commit(group.map((request, at) => ({ ...request, epoch: now[at]?.standing.epoch ?? '' })))
      },
    }),
  ),
  broken(
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
            ...(expect && { expect: { ...expect, readAt: now[at]?.standing ?? expect.readAt } }),
          })),
        )
      },
    }),
  ),
  broken(
    'STORE-EPO-03',
    'reads the log for any place',
    /the log after .*: expected "elsewhere", got "page"/,
    () => (store) => ({
      async changesSince(scope, after, limit) {
        const page = await store.changesSince(scope, after, limit)
        return page.status === 'elsewhere' ? { ...page, status: 'page', upTo: page.standing.sequence } : page
      },
    }),
  ),
  broken(
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
  broken(
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
  harnessed(
    'STORE-FLT-11',
    'comes back without its tail under the same epoch',
    /the tail was lost, but the first call afterwards tells the same epoch/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, loseTail: () => {} },
    }),
  ),
  broken(
    'STORE-FLT-12',
    'loses its log at a restart',
    /changes in the log after a restart: expected 2, got 0/,
    () => (store) => ({
      async changesSince(scope, after, limit) {
        const page = await store.changesSince(scope, after, limit)
        return page.standing.lineage.length > 0 ? { ...page, changes: [] } : page
      },
    }),
  ),
  broken('STORE-FLT-13', 'fails over without a new epoch', /another server took over, but the epoch is the same/, () =>
    byNumber(() => 'ever'),
  ),
  broken(
    'STORE-FLT-13',
    'has its old epoch again after a fail-back',
    /another server took over, but the epoch is one from before/,
    () => byNumber((mints) => `node ${mints % 2}`),
  ),
  harnessed(
    'STORE-ST-21',
    'counts from one again without its counters',
    /the counters were lost, but the epoch is the same/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, loseCounters: () => {} },
    }),
  ),
]
