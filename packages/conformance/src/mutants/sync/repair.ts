import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, overlayBus, overlayStore } from '../overlay.ts'
import { brokenCollections, brokenHarness, brokenStack, overlayInstance, type TestCollection } from './build.ts'
import { naiveReplica } from './naive.ts'

let opIdSuffix = 0

/** An instance that never asks its store where a section stands, once it has joined. */
const neverPollsHeads = (rule: string, name: string, expectedMessage: RegExp): Mutant =>
  brokenStack(rule, name, expectedMessage, () => ({
    store: (store) => {
      const known = new Map<string, Awaited<ReturnType<typeof store.heads>>[number]>()
      return overlayStore(store, {
        async heads(queries) {
          const heads = await store.heads(queries)
          return heads.map((head, at) => {
            const id = JSON.stringify(queries[at]?.scope)
            const before = known.get(id)
            known.set(id, before ?? head)
            return before ?? head
          })
        },
      })
    },
  }))

/** Stacks that do not notice, or do not get over, what happened. */
export const repair: readonly Mutant[] = [
  neverPollsHeads('SYNC-SUB-01', 'never looks again after it has joined', /key "k": instance joining \d holds/),
  neverPollsHeads(
    'SYNC-CHK-01',
    'never asks its store in silence',
    /key "k": instance A holds \{"n":1\} in place of \{"n":2\}/,
  ),
  brokenStack('SYNC-FLT-10', 'applies a change across a gap', /key "k": instance A holds/, () => naiveReplica()),
  brokenStack(
    'SYNC-ABS-01',
    'lets a late change bring a deleted document back',
    /key "k": instance \w holds \{"n":\d\} in place of nothing/,
    () => naiveReplica(),
  ),
  brokenStack('SYNC-EPO-01', 'ignores epochs', /key "k": instance A holds \{"n":2\} in place of \{"n":3\}/, () =>
    naiveReplica(),
  ),
  brokenCollections(
    'SYNC-FLT-01',
    'does not ask what it missed while the bus was away',
    /holds \{"n":1\} in place of \{"n":2\}/,
    () => (docs: TestCollection) => {
      const first = new Map<string, ReturnType<TestCollection['peek']>>()
      return {
        async get(key, options) {
          const value = await docs.get(key, options)
          if (!first.has(key)) first.set(key, value)
          return value
        },
        peek: (key) => first.get(key),
      }
    },
  ),
  brokenStack(
    'SYNC-FLT-09',
    'has a new op id for every attempt',
    /key "k": instance A holds \{"n":2\} in place of \{"n":1\}|the version after 1 updates/,
    () => ({
      store: (store) =>
        overlayStore(store, {
          commit: (group) =>
            store.commit(
              group.map(({ expect: _, ...each }) => ({
                ...each,
                op: { ...each.op, id: `${each.op.id}~${++opIdSuffix}` },
              })),
            ),
        }),
    }),
  ),
  brokenStack(
    'SYNC-FLT-11',
    'does not notice that history was lost',
    /key "lost": instance A holds \{"n":3\} in place of \{"n":1\}/,
    () => naiveReplica(),
  ),
  brokenStack('SYNC-FLT-11', 'reports no loss', /losses reported by two instances/, () => ({
    sync: (sync) =>
      overlayInstance(sync, {
        onEvent: (listener) =>
          sync.onEvent((event) => listener(event.type === 'epoch' ? { ...event, lost: false } : event)),
      }),
  })),
  brokenStack(
    'SYNC-FLT-12',
    'begins epochs without a parent',
    /documents loaded again after a restart without loss|losses reported after a restart/,
    () => ({
      store: (store) =>
        overlayStore(store, {
          load: async (refs) =>
            (await store.load(refs)).map((each) => ({ ...each, state: { ...each.state, ancestors: [] } })),
          heads: async (queries) =>
            (await store.heads(queries)).map((each) => ({ ...each, state: { ...each.state, ancestors: [] } })),
          commit: async (group) =>
            (await store.commit(group)).map((each) => ({ ...each, state: { ...each.state, ancestors: [] } })),
          async changesSince(scope, after, limit) {
            const page = await store.changesSince(scope, after, limit)
            return { ...page, state: { ...page.state, ancestors: [] } }
          },
        }),
    }),
  ),
  brokenStack('SYNC-DEL-08', 'drops in silence what it cannot read', /was not told as frame-rejected/, () => ({
    bus: (bus) =>
      interceptFrames(bus, () => (frame, deliver) => {
        if (!String(frame).includes('not json')) deliver(frame)
      }),
  })),
  brokenStack('SYNC-DAT-07', 'drops a frame of which it cannot read all', /was not told as frame-rejected/, () => ({
    bus: (bus) =>
      interceptFrames(bus, () => (frame, deliver) => {
        if (!String(frame).includes('["b",1]')) deliver(frame)
      }),
  })),
  brokenStack(
    'SYNC-DEF-01',
    'does not say how it defines a section',
    /a write by a service that follows the section otherwise: expected "SYNC_DEFINITION", got "done"/,
    () => ({
      store: (store) =>
        overlayStore(store, { commit: (group) => store.commit(group.map(({ definition: _, ...each }) => each)) }),
    }),
  ),
  brokenCollections(
    'SYNC-ORD-04',
    'tells a watcher versions in any order',
    /key "k": sent .* ← first inversion at #\d+, client A/,
    () => (docs) => ({
      subscribe(key, listener) {
        let held: (() => void) | undefined
        let count = 0
        return docs.subscribe(key, (change) => {
          if (++count % 5 === 2) {
            held = () => listener(change)
            return
          }
          listener(change)
          held?.()
          held = undefined
        })
      },
    }),
  ),
  brokenCollections(
    'SYNC-ORD-05',
    'lets one stream wait for another',
    /a stream beside one that stands still got 0 changes/,
    () => {
      let streams = 0
      return (docs) => ({
        changes: (options) => (++streams > 1 ? docs.changes({ ...options, key: 'nobody' }) : docs.changes(options)),
      })
    },
  ),
  brokenCollections(
    'SYNC-SUB-09',
    'loses what happens while it reads the snapshot',
    /never came, client the stream|is not in the snapshot/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          let lost = false
          for await (const batch of stream) {
            const live = batch.findIndex(({ kind }) => kind !== 'reset')
            if (lost || live < 0) yield batch
            else {
              lost = true
              yield batch.filter((_, at) => at !== live)
            }
          }
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-REP-01',
    'begins one change after a position',
    /12 never came, client the stream/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          let first = true
          for await (const batch of stream) {
            yield first ? batch.slice(1) : batch
            first = false
          }
        })()
      },
    }),
  ),
  brokenStack('SYNC-BP-02', 'lets its buffer grow without bound', /\d+ changes wait behind a hole/, () => {
    let kept = 0
    return {
      bus: (bus) =>
        interceptFrames(bus, () => (frame, deliver) => {
          kept += String(frame).split('],[').length
          deliver(frame)
        }),
      sync: (sync) => overlayInstance(sync, { stats: () => ({ ...sync.stats(), buffered: kept }) }),
    }
  }),
  brokenCollections(
    'SYNC-BP-03',
    'drops in silence what a stream cannot take',
    /hangs: the next batch of a stream that fell behind|was not told of an overflow/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          for await (const batch of stream) {
            const rest = batch.filter((change) => change.kind !== 'reset')
            if (rest.length > 0) yield rest
          }
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-TTL-06',
    'holds what has expired',
    /key "k": instance A holds \{"n":1\} in place of nothing/,
    () => (docs) => {
      const lastKnown = new Map<string, ReturnType<TestCollection['peek']>>()
      return {
        peek(key) {
          const value = docs.peek(key)
          if (value) lastKnown.set(key, value)
          return lastKnown.get(key)
        },
      }
    },
  ),
  brokenStack('SYNC-TTL-03', 'does not refresh what is read', /a sliding document that was read all the time/, () => ({
    store: (store) => overlayStore(store, { touch: async () => {} }),
  })),
  brokenCollections(
    'SYNC-RYW-01',
    'resolves a write before the own copy advances',
    /what the writer holds after its write/,
    () => (docs) => {
      let before: ReturnType<TestCollection['peek']>
      return {
        async assign(key, fields, options) {
          before = docs.peek(key)
          return docs.assign(key, fields, options)
        },
        peek: () => before,
      }
    },
  ),
  brokenStack('SYNC-DAT-01', 'sends texts as Latin-1', /key ".*": instance B holds/, () => ({
    bus: (bus) =>
      interceptFrames(bus, () => (frame, deliver) => deliver(Buffer.from(String(frame)).toString('latin1'))),
  })),
  brokenCollections(
    'SYNC-DAT-06',
    'writes null for what is no number',
    /a write of NaN: was not refused/,
    () => (docs) => ({
      assign: (key, fields, options) => docs.assign(key, JSON.parse(JSON.stringify(fields)), options),
    }),
  ),
  brokenCollections(
    'SYNC-DAT-08',
    'writes what JSON.stringify makes of it',
    /a write of a value with undefined: was not refused/,
    () => (docs) => ({
      assign: (key, fields, options) => docs.assign(key, JSON.parse(JSON.stringify(fields)), options),
    }),
  ),
  brokenStack(
    'SYNC-BP-04',
    'closes its bus before it has published',
    /key "k0": instance B holds nothing in place of \{"n":0\}/,
    () => {
      let closing = false
      return {
        bus: (bus) =>
          overlayBus(bus, { publish: async (scope, changes) => (closing ? undefined : bus.publish(scope, changes)) }),
        sync: (sync) =>
          overlayInstance(sync, {
            close(options) {
              closing = true
              return sync.close(options)
            },
          }),
      }
    },
  ),
  brokenHarness('SYNC-H-04', 'leaves a timer', /a closed instance holds the process/, (harness) => {
    const timers: NodeJS.Timeout[] = []
    return {
      ...harness,
      open(options) {
        timers.push(setInterval(() => {}, 1_000))
        return harness.open(options)
      },
      close() {
        for (const timer of timers) clearInterval(timer)
        return harness.close()
      },
    }
  }),
  brokenCollections(
    'SYNC-LIF-01',
    'takes writes after close',
    /a write after close: was not refused/,
    () => (docs) => ({
      assign: (key, fields, options) =>
        docs.assign(key, fields, options).catch(() => ({ version: 0, position: '', changed: false })),
    }),
  ),
  brokenStack(
    'SYNC-LIF-06',
    'is not closed by `await using`',
    /the state of a disposed instance: expected "closed", got "live"/,
    () => ({
      sync: (sync) => overlayInstance(sync, { [Symbol.asyncDispose]: () => eventLoopTurns(0) }),
    }),
  ),
  brokenHarness('SYNC-LIF-07', 'holds the process', /the program (has not ended|ended with 1)/, (harness) => ({
    ...harness,
    program: ['-e', 'setTimeout(() => process.exit(1), 300)'],
  })),
]
