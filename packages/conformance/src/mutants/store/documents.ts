import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  LoadResult,
  SectionState,
  Store,
  StoredDocument,
} from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns } from '../overlay.ts'
import { brokenStore } from './build.ts'

/** Transforms the documents in answers to loads. */
const transformLoads =
  (change: (document: StoredDocument, ref: DocumentRef, state: SectionState) => StoredDocument | undefined) =>
  (store: Store): Partial<Store> => ({
    async load(refs) {
      const loaded = await store.load(refs)
      return loaded.map(({ state, document }, at): LoadResult => {
        const changed = document && change(document, refs[at] as DocumentRef, state)
        return changed ? { state, document: changed } : { state }
      })
    },
  })

/** Transforms commit requests before they are sent. */
const transformRequests =
  (change: (request: CommitRequest) => CommitRequest) =>
  (store: Store): Partial<Store> => ({ commit: (group) => store.commit(group.map(change)) })

/** Transforms the answers to commits. */
const transformResults =
  (change: (result: CommitResult, request: CommitRequest) => CommitResult) =>
  (store: Store): Partial<Store> => ({
    async commit(group) {
      return (await store.commit(group)).map((result, at) => change(result, group[at] as CommitRequest))
    },
  })

/** Stores that store, read or check documents incorrectly. */
export const documents: readonly Mutant[] = [
  brokenStore(
    'STORE-ST-01',
    'treats empty values as missing',
    /a document with the field null|a document without fields/,
    () => transformLoads((document) => (/"f":(null|""|false|0)\}$/.test(document.text) ? undefined : document)),
  ),
  brokenStore(
    'STORE-ST-01',
    'answers without a position for an absent document',
    /the sequence of the answer for an absent document: expected 1, got 0/,
    () => (store) => ({
      load: async (refs) =>
        (await store.load(refs)).map((each) => (each.document ? each : { state: { ...each.state, sequence: 0 } })),
    }),
  ),
  brokenStore('STORE-ST-02', 'keeps every field', /the document after a write of all fields/, () =>
    transformRequests((request) => ({ ...request, otherFields: 'keep' })),
  ),
  brokenStore(
    'STORE-ST-03',
    'reuses a generation after a delete',
    /version 1 repeated|re-created: expected a generation above 1, got 1/,
    () => {
      return transformResults((result) => (result.status === 'committed' ? { ...result, generation: 1 } : result))
    },
  ),
  brokenStore(
    'STORE-ST-04',
    'reads from a lagging replica',
    /reads "k": expected the answered version \d+, got \d+/,
    () => {
      const past = new Map<string, LoadResult[]>()
      return (store) => ({
        async load(refs) {
          const loaded = await store.load(refs)
          return loaded.map((each, at) => {
            const id = JSON.stringify(refs[at])
            const seen = [each, ...(past.get(id) ?? [])].slice(0, 3)
            past.set(id, seen)
            return seen[2] ?? each
          })
        },
      })
    },
  ),
  brokenStore(
    'STORE-ST-09',
    'writes field by field',
    /a read returned a partial write|changes in the log after 61/,
    () => (store) => ({
      async commit(group) {
        const results: CommitResult[] = []
        for (const request of group) {
          let last: CommitResult | undefined
          for (const [at, field] of request.fields.entries()) {
            const op = { ...request.op, id: `${request.op.id}.${at}` }
            ;[last] = await store.commit([{ ...request, op, fields: [field] }])
            await eventLoopTurns(1)
          }
          if (last) results.push(last)
        }
        return results
      },
    }),
  ),
  brokenStore('STORE-ST-10', 'reads versions and values at different times', /a torn read/, () => (store) => ({
    async load(refs) {
      const before = await store.load(refs)
      await eventLoopTurns(2)
      const after = await store.load(refs)
      return after.map((each, at) => {
        const document = before[at]?.document
        return each.document && document ? { ...each, document: { ...each.document, text: document.text } } : each
      })
    },
  })),
  brokenStore('STORE-ST-11', 'counts one version for all fields', /field versions after two writes of one field/, () =>
    transformLoads((document) => ({
      ...document,
      fieldVersions: Object.fromEntries(Object.keys(document.fieldVersions).map((name) => [name, document.version])),
    })),
  ),
  brokenStore(
    'STORE-ST-11',
    "forgets a removed field's counter",
    /field versions after removing a field of version 3/,
    () => transformLoads((document) => ({ ...document, floor: 0 })),
  ),
  brokenStore('STORE-ST-14', 'returns its internal objects', /the document after changing an answer/, () => {
    const loadedById = new Map<string, LoadResult>()
    return (store) => ({
      async load(refs) {
        const loaded = await store.load(refs)
        return loaded.map((each, at) => {
          const id = JSON.stringify(refs[at])
          const before = loadedById.get(id)
          if (!before) loadedById.set(id, each)
          return before ?? each
        })
      },
    })
  }),
  brokenStore('STORE-ST-17', 'rounds unsafe numbers', /a number: expected 9007199254740993, got/, () =>
    transformLoads((document) => ({ ...document, text: JSON.stringify(JSON.parse(document.text)) })),
  ),
  brokenStore(
    'STORE-LOAD-01',
    'answers a load in address order',
    /value and sequence of each document in a load of five documents/,
    () => (store) => ({
      load: (refs) => store.load([...refs].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))),
    }),
  ),
  brokenStore(
    'STORE-ST-05',
    'ignores preconditions',
    /a write that expects an old version: expected \["conflict","version"\], got \["committed"/,
    () => transformRequests(({ expect: _, ...request }) => request),
  ),
  brokenStore('STORE-ST-06', 'reports a conflict without versions', /a write that expects an old field version/, () =>
    transformResults((result) =>
      result.status === 'conflict' ? { ...result, current: { generation: 0, version: 0 } } : result,
    ),
  ),
  brokenStore(
    'STORE-ST-07',
    'assigns a version twice under concurrency',
    /key "k": not linearizable/,
    () => (store) => ({
      async commit(group) {
        const [request] = group
        if (group.length !== 1 || !request?.expect?.version) return store.commit(group)
        // Reads first and writes later, with a gap in between.
        const [before] = await store.load([request.ref])
        await eventLoopTurns(1)
        const { version: _, ...rest } = request.expect
        if (before?.document?.version !== request.expect.version) return store.commit(group)
        const [result] = await store.commit([{ ...request, expect: rest }])
        return result?.status === 'committed'
          ? [{ ...result, version: request.expect.version + 1 }]
          : [result as CommitResult]
      },
    }),
  ),
  brokenStore(
    'STORE-ST-08',
    'checks for absence before it creates',
    /5 concurrent creations of "k0": expected one to succeed, got \d/,
    () => (store) => ({
      async commit(group) {
        const [request] = group
        if (group.length !== 1 || request?.expect?.generation !== 0) return store.commit(group)
        const [before] = await store.load([request.ref])
        await eventLoopTurns(1)
        if (before?.document) return store.commit(group)
        const { expect: _, ...blind } = request
        return store.commit([blind])
      },
    }),
  ),
  brokenStore(
    'STORE-ST-27',
    'forgets deletions',
    /a creation with a read before the deletion: expected \["conflict","deleted"\], got \["committed"/,
    () =>
      transformRequests(({ expect, ...request }) => {
        const { notDeleted: _, ...rest } = expect ?? { readAt: { epoch: '', sequence: 0 } }
        return expect ? { ...request, expect: rest } : request
      }),
  ),
  brokenStore(
    'STORE-ST-22',
    'sends a delta on any base version',
    /a delta on another base version was sent/,
    () => (store) => ({
      async commit(group) {
        const results = await store.commit(group)
        return results.map((result, at) => {
          const delta = group[at]?.fields[0]?.delta
          if (result.status !== 'committed' || !delta) return result
          return {
            ...result,
            change: { ...result.change, text: result.change.text.replace(/,0,\{"n":2\}\]/, `,1,${delta.ops}]`) },
          }
        })
      },
    }),
  ),
]
