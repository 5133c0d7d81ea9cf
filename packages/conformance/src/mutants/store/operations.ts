import type { CommitRequest, CommitResult, LogPage, Store } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns } from '../overlay.ts'
import { brokenStore } from './build.ts'

let opIdSuffix = 0
const withNewOpId = (request: CommitRequest): CommitRequest => ({
  ...request,
  op: { ...request.op, id: `${request.op.id}~${++opIdSuffix}` },
})

/** Transforms the pages of the log. */
const transformLogPages =
  (change: (page: LogPage, scope: object) => LogPage) =>
  (store: Store): Partial<Store> => ({
    changesSince: async (scope, after, limit) => change(await store.changesSince(scope, after, limit), scope),
  })

/** Stores with wrong answers to commits, or with a wrong log. */
export const operations: readonly Mutant[] = [
  brokenStore('STORE-ST-12', 'ignores operation ids', /the answer to a repeated operation id/, () => (store) => ({
    commit: (group) => store.commit(group.map(withNewOpId)),
  })),
  brokenStore(
    'STORE-OP-01',
    'remembers commits only',
    /the answer to a repeated conflict whose precondition now holds/,
    () => (store) => ({
      commit: (group) =>
        store.commit(
          group.map((request) => (request.op.attempt === 1 && request.expect ? withNewOpId(request) : request)),
        ),
    }),
  ),
  brokenStore(
    'STORE-OP-01',
    "answers a second attempt with the first one's conflict",
    /the second attempt after a conflict/,
    () => (store) => ({
      commit: (group) => store.commit(group.map((request) => ({ ...request, op: { ...request.op, attempt: 1 } }))),
    }),
  ),
  brokenStore(
    'STORE-OP-02',
    'executes commits with an expired operation id',
    /a write whose operation id is older than the op memory: expected "op-expired", got "committed"/,
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
    'remembers an idempotency key for one writer only',
    /the answer to an idempotency key that another writer repeats/,
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
    'fails a whole group because of one conflict',
    /the answers to a group with failing requests/,
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
    /key and origin in the answer to request \d+ of a group|has another request's change/,
    () => (store) => ({
      commit: async (group) => (await store.commit(group)).reverse(),
    }),
  ),
  brokenStore(
    'STORE-ST-24',
    'remembers groups in place of their requests',
    /the answers to the repeated requests of a group|the sequence after repeating the requests of a group/,
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
    'executes a late copy of a write',
    /the document after a late copy of an older write/,
    () => (store) => ({
      commit: (group) => store.commit(group.map(withNewOpId)),
    }),
  ),
  brokenStore(
    'STORE-DEF-01',
    'does not record the definition',
    /the definition after the first commit: expected .*, got nothing/,
    () => (store) => ({
      commit: (group) => store.commit(group.map(({ definition: _, ...request }) => request)),
    }),
  ),
  brokenStore(
    'STORE-DAT-05',
    'accepts more than it declares',
    /a write of maxCommitBytes \+ 1: expected 'failed' with SYNC_LIMIT/,
    () => (store) => ({
      capabilities: { ...store.capabilities, maxCommitBytes: 100_000 },
    }),
  ),
  brokenStore('STORE-ST-15', 'logs in key order', /the log: expected|the pages of/, () =>
    transformLogPages((page) => ({ ...page, changes: [...page.changes].sort((a, b) => (a.key < b.key ? -1 : 1)) })),
  ),
  brokenStore('STORE-ST-15', 'omits the last change of its log', /the log: expected/, () =>
    transformLogPages((page) => ({ ...page, changes: page.changes.slice(0, -1) })),
  ),
  brokenStore('STORE-ST-25', 'does not report a truncated log', /expected "truncated", got "page"/, () =>
    transformLogPages((page) =>
      page.status === 'truncated' ? { ...page, status: 'page', upTo: page.state.sequence } : page,
    ),
  ),
  brokenStore(
    'STORE-ST-16',
    'counts one sequence per client',
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
  brokenStore('STORE-ST-26', 'omits the meta of answered changes', /the change of a first commit/, () => (store) => ({
    commit: (group) => store.commit(group.map(({ meta: _, ...request }) => request)),
  })),
  brokenStore(
    'STORE-HEAD-01',
    'omits the versions of documents from heads',
    /sequence and document of four heads/,
    () => (store) => ({
      heads: async (queries) => (await store.heads(queries)).map(({ state }) => ({ state })),
    }),
  ),
]
