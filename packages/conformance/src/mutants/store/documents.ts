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

/** Changes what loads answer. */
const transformLoads =
  (change: (document: StoredDocument, ref: DocumentRef, standing: SectionState) => StoredDocument | undefined) =>
  (store: Store): Partial<Store> => ({
    async load(refs) {
      const loaded = await store.load(refs)
      return loaded.map(({ state, document }, at): LoadResult => {
        const changed = document && change(document, refs[at] as DocumentRef, state)
        return changed ? { state, document: changed } : { state }
      })
    },
  })

/** Changes what is sent. */
const transformRequests =
  (change: (request: CommitRequest) => CommitRequest) =>
  (store: Store): Partial<Store> => ({ commit: (group) => store.commit(group.map(change)) })

/** Changes what is answered to commits. */
const transformResults =
  (change: (result: CommitResult, request: CommitRequest) => CommitResult) =>
  (store: Store): Partial<Store> => ({
    async commit(group) {
      return (await store.commit(group)).map((result, at) => change(result, group[at] as CommitRequest))
    },
  })

/** Stores that keep documents badly. */
export const documents: readonly Mutant[] = [
  brokenStore(
    'STORE-ST-01',
    'takes what is empty for missing',
    /a document with the field null|a document without fields/,
    () => transformLoads((document) => (/"f":(null|""|false|0)\}$/.test(document.text) ? undefined : document)),
  ),
  brokenStore(
    'STORE-ST-01',
    'answers what is absent without a place',
    /the sequence told with an absent document: expected 1, got 0/,
    () => (store) => ({
      load: async (refs) =>
        (await store.load(refs)).map((each) => (each.document ? each : { state: { ...each.state, sequence: 0 } })),
    }),
  ),
  brokenStore('STORE-ST-02', 'keeps every field', /the document after a write of all of it/, () =>
    transformRequests((request) => ({ ...request, otherFields: 'keep' })),
  ),
  brokenStore(
    'STORE-ST-03',
    'uses a generation again after a delete',
    /generation 1 after 1|came twice|not higher/,
    () => {
      return transformResults((result) => (result.status === 'committed' ? { ...result, generation: 1 } : result))
    },
  ),
  brokenStore(
    'STORE-ST-04',
    'reads from a replica that lags',
    /reads version \d+ of "k" after version \d+ was answered/,
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
    /a read saw half a write|changes in the log after 61/,
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
  brokenStore('STORE-ST-10', 'reads versions apart from values', /a torn read/, () => (store) => ({
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
  brokenStore('STORE-ST-11', 'counts all fields by one version', /field versions after two writes of one field/, () =>
    transformLoads((document) => ({
      ...document,
      fieldVersions: Object.fromEntries(Object.keys(document.fieldVersions).map((name) => [name, document.version])),
    })),
  ),
  brokenStore(
    'STORE-ST-11',
    'forgets the counter of a removed field',
    /field versions after the removal of a field at 3/,
    () => transformLoads((document) => ({ ...document, floor: 0 })),
  ),
  brokenStore('STORE-ST-13', 'lists only the first page of keys', /the keys of the section/, () => (store) => ({
    async *keys(section, options) {
      let count = 0
      for await (const key of store.keys(section, options)) if (count++ < 50) yield key
    },
  })),
  brokenStore('STORE-ST-13', 'takes a prefix for a pattern', /the keys with the prefix/, () => (store) => ({
    async *keys(section, options = {}) {
      const pattern = new RegExp(`^${(options.prefix ?? '').replace('*', '.*')}`)
      for await (const key of store.keys(section)) if (pattern.test(key)) yield key
    },
  })),
  brokenStore('STORE-ST-14', 'hands out what it holds', /the document after what was read was changed/, () => {
    const held = new Map<string, LoadResult>()
    return (store) => ({
      async load(refs) {
        const loaded = await store.load(refs)
        return loaded.map((each, at) => {
          const id = JSON.stringify(refs[at])
          const before = held.get(id)
          if (!before) held.set(id, each)
          return before ?? each
        })
      },
    })
  }),
  brokenStore('STORE-ST-17', 'rounds unsafe numbers', /the number 9007199254740993 was read back as/, () =>
    transformLoads((document) => ({ ...document, text: JSON.stringify(JSON.parse(document.text)) })),
  ),
  brokenStore(
    'STORE-LOAD-01',
    'answers a load in the order of addresses',
    /a load of five documents/,
    () => (store) => ({
      load: (refs) => store.load([...refs].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))),
    }),
  ),
  brokenStore(
    'STORE-ST-05',
    'ignores expectations',
    /a write that expects an old version: expected \["conflict","version"\], got \["committed"/,
    () => transformRequests(({ expect: _, ...request }) => request),
  ),
  brokenStore('STORE-ST-06', 'tells no versions with a conflict', /a write that expects an old field version/, () =>
    transformResults((result) =>
      result.status === 'conflict' ? { ...result, current: { generation: 0, version: 0 } } : result,
    ),
  ),
  brokenStore('STORE-ST-07', 'gives a version twice under concurrency', /key "k": not linearizable/, () => (store) => ({
    async commit(group) {
      const [request] = group
      if (group.length !== 1 || !request?.expect?.version) return store.commit(group)
      // looks first, writes later
      const [before] = await store.load([request.ref])
      await eventLoopTurns(1)
      const { version: _, ...rest } = request.expect
      if (before?.document?.version !== request.expect.version) return store.commit(group)
      const [result] = await store.commit([{ ...request, expect: rest }])
      return result?.status === 'committed'
        ? [{ ...result, version: request.expect.version + 1 }]
        : [result as CommitResult]
    },
  })),
  brokenStore('STORE-ST-08', 'looks for absence before it creates', /\d of 5 created "k0" at once/, () => (store) => ({
    async commit(group) {
      const [request] = group
      if (group.length !== 1 || request?.expect?.generation !== 0) return store.commit(group)
      const [before] = await store.load([request.ref])
      await eventLoopTurns(1)
      if (before?.document) return store.commit(group)
      const { expect: _, ...blind } = request
      return store.commit([blind])
    },
  })),
  brokenStore(
    'STORE-ST-27',
    'forgets what was deleted',
    /a creation from what was read before a deletion: expected \["conflict","deleted"\], got \["committed"/,
    () =>
      transformRequests(({ expect, ...request }) => {
        const { notDeleted: _, ...rest } = expect ?? { readAt: { epoch: '', sequence: 0 } }
        return expect ? { ...request, expect: rest } : request
      }),
  ),
  brokenStore(
    'STORE-ST-22',
    'sends an inner patch whatever it was taken from',
    /an inner patch on another base travelled/,
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
