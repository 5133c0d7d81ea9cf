import { ClosedError } from '@sync/core'
import type { CommitRequest, DocumentRef, Store } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, neverSettles, overlayStore } from '../overlay.ts'
import { brokenHarness, brokenStore } from './build.ts'

/** Transforms the TTL of commit requests. */
const transformTtl =
  (change: (ttl: number, request: CommitRequest) => number | undefined) =>
  (store: Store): Partial<Store> => ({
    commit: (group) =>
      store.commit(
        group.map((request) => {
          const { ttl, ...rest } = request
          const changed = ttl === undefined ? undefined : change(ttl, request)
          return changed === undefined ? rest : { ...rest, ttl: changed }
        }),
      ),
  })

/** Transforms the section and key of every address. */
const transformNames = (name: (text: string) => string): ((store: Store) => Partial<Store>) => {
  const ref = (original: DocumentRef): DocumentRef => ({
    partition: original.partition,
    section: name(original.section),
    key: name(original.key),
  })
  return (store) => ({
    load: (refs) => store.load(refs.map(ref)),
    commit: (group) => store.commit(group.map((each) => ({ ...each, ref: ref(each.ref) }))),
    heads: (queries) =>
      store.heads(queries.map((each) => ({ ...each, scope: { ...each.scope, section: name(each.scope.section) } }))),
    keys: (section, query) => store.keys({ ...section, section: name(section.section) }, query),
  })
}

/** Stores with a wrong expiry, life cycle, harness or handling of names and values. */
export const lifecycle: readonly Mutant[] = [
  brokenStore(
    'STORE-TTL-01',
    'ignores the TTL',
    /`expiresIn` of a document with a TTL of \d+ ms: expected .*, got undefined|still exists after/,
    () => transformTtl(() => undefined),
  ),
  brokenStore(
    'STORE-TTL-01',
    'expires late',
    /`expiresIn` of a document with a TTL of \d+ ms: expected|still exists after/,
    () => transformTtl((ttl) => ttl * 2),
  ),
  brokenStore('STORE-TTL-02', 'expires early', /a document with a TTL of \d+ ms expired after \d+ ms/, () =>
    transformTtl((ttl) => ttl / 2),
  ),
  brokenStore(
    'STORE-TTL-03',
    'ignores touch',
    /a document expired although it was (written|touched) in time/,
    () => () => ({
      touch: async () => {},
    }),
  ),
  brokenStore(
    'STORE-TTL-04',
    'has one TTL for the whole section',
    /"(long|permanent)" expired together with a document that had a shorter TTL/,
    () => {
      const expiredSections = new Map<string, number>()
      return (store) => ({
        async load(refs) {
          const loaded = await store.load(refs)
          for (const [at, ref] of refs.entries())
            if (ref.key === 'short' && !loaded[at]?.document) expiredSections.set(ref.section, 1)
          return loaded.map((each, at) => (expiredSections.has(refs[at]?.section ?? '') ? { state: each.state } : each))
        },
      })
    },
  ),
  brokenStore(
    'STORE-TTL-05',
    'drops the precondition on an expired document',
    /a compare-and-set on an expired document/,
    () => (store) => ({
      commit: (group) =>
        store.commit(
          group.map(({ expect, ...request }) =>
            expect?.generation ? request : { ...request, ...(expect && { expect }) },
          ),
        ),
    }),
  ),
  brokenStore(
    'STORE-H-01',
    'declares an unknown durability',
    /capabilities: durability: expected one of .*, got "eternal"/,
    () => (store) => ({
      capabilities: { ...store.capabilities, durability: 'eternal' as never },
    }),
  ),
  brokenHarness('STORE-H-02', 'shares one client', /is closed/, (harness) => {
    const one = harness.open()
    return { ...harness, open: () => one }
  }),
  brokenHarness(
    'STORE-H-03',
    'offers faults that have no effect',
    /a load after the server was killed: expected "rejected", got "resolved"/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, kill: () => {} },
    }),
  ),
  brokenHarness('STORE-H-04', 'leaves a timer behind', /a closed client keeps the process alive/, (harness) => {
    const timers: NodeJS.Timeout[] = []
    return {
      ...harness,
      async open() {
        timers.push(setInterval(() => {}, 1_000))
        return harness.open()
      },
      close() {
        for (const timer of timers) clearInterval(timer)
        return harness.close()
      },
    }
  }),
  brokenStore('STORE-H-06', 'ignores the partition', /sequence and document of another partition/, () => (store) => {
    const one = <S extends { partition: string }>(ref: S): S => ({ ...ref, partition: 'all' })
    return {
      load: (refs) => store.load(refs.map(one)),
      commit: (group) => store.commit(group.map((each) => ({ ...each, ref: one(each.ref) }))),
      heads: (queries) => store.heads(queries.map((each) => ({ ...each, scope: one(each.scope) }))),
    }
  }),
  brokenStore(
    'STORE-DAT-01',
    'replaces colons in field names',
    /the (document|field versions|keys) (under|of) the/,
    () => (store) => ({
      commit: (group) =>
        store.commit(
          group.map((each) => ({
            ...each,
            fields: each.fields.map((field) => ({ ...field, field: field.field.replace(':', '_') })),
          })),
        ),
    }),
  ),
  brokenStore('STORE-DAT-02', 'replaces special characters of names', /after writing all of/, () =>
    transformNames((text) => text.replace(/\W/g, '_')),
  ),
  brokenStore('STORE-DAT-02', 'normalizes names', /after writing all of/, () =>
    transformNames((text) => text.normalize('NFC')),
  ),
  brokenStore('STORE-DAT-04', 'replaces lone surrogates', /a string: expected/, () => (store) => ({
    load: async (refs) =>
      (await store.load(refs)).map((each) =>
        each.document
          ? { ...each, document: { ...each.document, text: each.document.text.replace(/\\u[dD][89a-fA-F]../g, '?') } }
          : each,
      ),
  })),
  brokenStore(
    'STORE-DAT-06',
    'accepts invalid requests',
    /an invalid request: expected 'failed', got 'committed'/,
    () => transformTtl((ttl) => (ttl > 0 ? ttl : undefined)),
  ),
  brokenStore('STORE-LIF-01', 'cannot be closed twice', /unexpected Error: closed twice/, () => (store) => {
    let closed = 0
    return {
      async close() {
        if (++closed === 2) throw new Error('closed twice')
        return store.close()
      },
    }
  }),
  brokenStore('STORE-LIF-02', 'answers after close', /heads after close: expected a rejection/, () => (store) => ({
    heads: (queries) => store.heads(queries).catch(() => []),
  })),
  brokenStore(
    'STORE-LIF-03',
    'leaves calls pending at close',
    /timed out: calls that were in flight at close/,
    () => (store) => ({
      commit: (group) => store.commit(group).catch(() => neverSettles()),
    }),
  ),
  brokenHarness('STORE-LIF-04', 'works only for the first client', /is closed/, (harness) => {
    let closed = false
    return {
      ...harness,
      async open() {
        const store = await harness.open()
        return overlayStore(store, {
          async heads(queries) {
            if (closed) throw new ClosedError('the store is closed')
            return store.heads(queries)
          },
          close() {
            closed = true
            return store.close()
          },
        })
      },
    }
  }),
  brokenHarness(
    'STORE-LIF-05',
    'retries an unreachable address without end',
    /timed out: connecting to an unreachable address/,
    (harness) => ({
      ...harness,
      unreachable: { address: '127.0.0.1:1', open: () => neverSettles() },
    }),
  ),
  brokenStore(
    'STORE-LIF-06',
    'is not closed by `await using`',
    /heads after dispose: expected a rejection/,
    () => () => ({
      [Symbol.asyncDispose]: async () => {},
    }),
  ),
  brokenHarness(
    'STORE-LIF-07',
    'keeps the process alive',
    /the program (did not exit|exited with code 1)/,
    (harness) => ({
      ...harness,
      program: ['-e', 'setTimeout(() => process.exit(1), 300)'],
    }),
  ),
  brokenHarness('STORE-LIF-08', 'closes an injected connection', /close closed the injected connection/, (harness) => ({
    ...harness,
    injected: async () => ({ client: await harness.open(), isOpen: () => false, end: () => eventLoopTurns(0) }),
  })),
]
