import type { CommitRequest, CommitResult, LogPage, Store } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns } from '../overlay.ts'
import { brokenStore } from './build.ts'

let opIdSuffix = 0
const withNewOpId = (request: CommitRequest): CommitRequest => ({
  ...request,
  op: { ...request.op, id: `${request.op.id}~${++opIdSuffix}` },
})

/** Changes the pages of the log. */
const transformLogPages =
  (change: (page: LogPage, scope: object) => LogPage) =>
  (store: Store): Partial<Store> => ({
    changesSince: async (scope, after, limit) => change(await store.changesSince(scope, after, limit), scope),
  })

/** Stores that answer commits badly, or keep a bad log. */
export const operations: readonly Mutant[] = [
  brokenStore('STORE-ST-12', 'ignores op ids', /the answer to an op id that was sent again/, () => (store) => ({
    commit: (group) => store.commit(group.map(withNewOpId)),
  })),
  brokenStore(
    'STORE-OP-01',
    'remembers commits only',
    /a conflict that was asked for again, though it would hold now/,
    () => (store) => ({
      commit: (group) =>
        store.commit(
          group.map((request) => (request.op.attempt === 1 && request.expect ? withNewOpId(request) : request)),
        ),
    }),
  ),
  brokenStore(
    'STORE-OP-01',
    'answers a second attempt with the conflict of the first',
    /the second attempt after a conflict/,
    () => (store) => ({
      commit: (group) => store.commit(group.map((request) => ({ ...request, op: { ...request.op, attempt: 1 } }))),
    }),
  ),
  brokenStore(
    'STORE-OP-02',
    'executes what it may have forgotten',
    /a write whose id is older than the op memory: expected "op-expired", got "committed"/,
    () => (store) => ({
      async commit(group) {
        const results = await store.commit(group)
        return Promise.all(
          results.map(async (result, at) => {
            const request = group[at]
            if (result.status !== 'op-expired' || !request) return result
            const idOrigin = { epoch: result.state.epoch, opResultCount: result.state.opResultCount }
            return (await store.commit([{ ...request, op: { ...request.op, idOrigin } }]))[0] ?? result
          }),
        )
      },
    }),
  ),
  brokenStore(
    'STORE-OP-03',
    "keeps a caller's op id for one writer only",
    /the answer to a caller's op id from another writer/,
    () => (store) => ({
      commit: (group) =>
        store.commit(
          group.map((request) =>
            request.op.isCallerGiven
              ? { ...request, op: { ...request.op, id: `${request.origin}${request.op.id}` } }
              : request,
          ),
        ),
    }),
  ),
  brokenStore(
    'STORE-ST-18',
    'lets one conflict fail its group',
    /the answers to a group of which some cannot be served/,
    () => (store) => ({
      async commit(group) {
        const results = await store.commit(group)
        const conflict = results.find(({ status }) => status === 'conflict')
        return conflict ? results.map(() => conflict) : results
      },
    }),
  ),
  brokenStore(
    'STORE-ST-23',
    'answers a group out of order',
    /the change answered to request \d+ of a group|was answered the change of another one/,
    () => (store) => ({
      commit: async (group) => (await store.commit(group)).reverse(),
    }),
  ),
  brokenStore(
    'STORE-ST-24',
    'remembers groups in place of their members',
    /the answers to members of a group sent again|the sequence after the members were sent twice/,
    () => {
      const groups = new Map<string, CommitResult[]>()
      return (store) => ({
        async commit(group) {
          const id = group.map(({ op }) => op.id).join()
          const known = groups.get(id)
          const results = known ?? (await store.commit(group.map(withNewOpId)))
          groups.set(id, results)
          return results
        },
      })
    },
  ),
  brokenStore(
    'STORE-ST-19',
    'lets the last copy win',
    /the document after a late copy of an older write/,
    () => (store) => ({
      commit: (group) => store.commit(group.map(withNewOpId)),
    }),
  ),
  brokenStore(
    'STORE-DEF-01',
    'notes no definition',
    /the definition after the first commit: expected .*, got nothing/,
    () => (store) => ({
      commit: (group) => store.commit(group.map(({ definition: _, ...request }) => request)),
    }),
  ),
  brokenStore('STORE-DAT-05', 'takes more than it declares', /a write of maxCommitBytes \+ 1/, () => (store) => ({
    capabilities: { ...store.capabilities, maxCommitBytes: 100_000 },
  })),
  brokenStore('STORE-ST-15', 'logs in the order of keys', /the log: expected|the pages of/, () =>
    transformLogPages((page) => ({ ...page, changes: [...page.changes].sort((a, b) => (a.key < b.key ? -1 : 1)) })),
  ),
  brokenStore('STORE-ST-15', 'leaves the last change out of its log', /the log: expected/, () =>
    transformLogPages((page) => ({ ...page, changes: page.changes.slice(0, -1) })),
  ),
  brokenStore('STORE-ST-25', 'says nothing of a log that was trimmed', /expected "truncated", got "page"/, () =>
    transformLogPages((page) =>
      page.status === 'truncated' ? { ...page, status: 'page', upTo: page.state.sequence } : page,
    ),
  ),
  brokenStore(
    'STORE-ST-16',
    'counts a sequence per client',
    /the sequences of 48 concurrent commits/,
    () => (store) => {
      let sequence = 0
      return {
        async commit(group) {
          await eventLoopTurns(1)
          return (await store.commit(group)).map((result) =>
            result.status === 'committed' ? { ...result, change: { ...result.change, sequence: ++sequence } } : result,
          )
        },
      }
    },
  ),
  brokenStore('STORE-ST-26', 'answers changes without meta', /the change of a first commit/, () => (store) => ({
    commit: (group) => store.commit(group.map(({ meta: _, ...request }) => request)),
  })),
  brokenStore(
    'STORE-HEAD-01',
    'knows heads of sections only',
    /four heads: sequence and document of each/,
    () => (store) => ({
      heads: async (queries) => (await store.heads(queries)).map(({ state }) => ({ state })),
    }),
  ),
]
