import type { Position } from '@sync/core'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, overlayBus, overlayStore } from '../overlay.ts'
import {
  brokenCollections,
  brokenHarness,
  brokenStack,
  overlayInstance,
  type TestCollection,
  withChanges,
} from './build.ts'
import { naiveReplica } from './naive.ts'

let opIdSuffix = 0

/** Creates a mutant that never asks its store for a section's head after it has joined. */
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

/** Stacks that do not detect or do not recover from losses and faults, or that mishandle streams and values. */
export const repair: readonly Mutant[] = [
  neverPollsHeads('SYNC-SUB-01', 'never polls the head after it has joined', /key "k", instance joining \d: expected/),
  neverPollsHeads(
    'SYNC-CHK-01',
    'never polls the head without traffic',
    /key "k", instance A: expected \{"n":2\}, got \{"n":1\}/,
  ),
  brokenStack('SYNC-FLT-10', 'applies a change across a gap', /key "k", instance A: expected/, () => naiveReplica()),
  brokenStack(
    'SYNC-ABS-01',
    'lets a late change restore a deleted document',
    /key "k", instance \w: expected nothing, got \{"n":\d\}/,
    () => naiveReplica(),
  ),
  brokenStack('SYNC-EPO-01', 'ignores epochs', /key "k", instance A: expected \{"n":3\}, got \{"n":2\}/, () =>
    naiveReplica(),
  ),
  brokenCollections(
    'SYNC-FLT-01',
    'does not catch up after the bus was unavailable',
    /expected \{"n":2\}, got \{"n":1\}/,
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
    'generates a new operation id for every attempt',
    /key "k", instance A: expected \{"n":1\}, got \{"n":2\}|the version after 1 updates/,
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
  brokenStack('SYNC-TAG-01', 'loads another generation than it committed', /the ETag of a loaded document/, () => ({
    store: (store) =>
      overlayStore(store, {
        load: async (refs) =>
          (await store.load(refs)).map((each) =>
            each.document && Object.keys(each.document.fieldVersions).length > 99
              ? { ...each, document: { ...each.document, generation: each.document.generation + 1 } }
              : each,
          ),
      }),
  })),
  brokenStack(
    'SYNC-FLT-11',
    'does not detect lost history',
    /key "lost", instance A: expected \{"n":1\}, got \{"n":3\}/,
    () => naiveReplica(),
  ),
  brokenStack('SYNC-FLT-11', 'reports no loss', /`lost` in the epoch events of two instances/, () => ({
    sync: (sync) =>
      overlayInstance(sync, {
        onEvent: (listener) =>
          sync.onEvent((event) => listener(event.type === 'epoch' ? { ...event, lost: false } : event)),
      }),
  })),
  brokenStack(
    'SYNC-FLT-12',
    'begins epochs without a parent',
    /reloads after a restart without loss|`lost` in the epoch events after a restart/,
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
  brokenStack(
    'SYNC-DEL-08',
    'drops malformed frames silently',
    /events after a malformed frame: expected frame-rejected/,
    () => ({
      bus: (bus) =>
        interceptFrames(bus, () => (frame, deliver) => {
          if (!String(frame).includes('not json')) deliver(frame)
        }),
    }),
  ),
  brokenStack(
    'SYNC-DAT-07',
    'drops a frame with a malformed change',
    /events after a malformed change: expected frame-rejected/,
    () => ({
      bus: (bus) =>
        interceptFrames(bus, () => (frame, deliver) => {
          if (!String(frame).includes('["b",1]')) deliver(frame)
        }),
    }),
  ),
  brokenStack(
    'SYNC-DEF-01',
    'does not send its definition of a section',
    /a write by a service with another `subscribeBy`: expected "SYNC_DEFINITION", got "resolved"/,
    () => ({
      store: (store) =>
        overlayStore(store, { commit: (group) => store.commit(group.map(({ definition: _, ...each }) => each)) }),
    }),
  ),
  brokenCollections(
    'SYNC-ORD-04',
    'emits versions out of order',
    /key "k": sent .* ← first inversion at #\d+, client A/,
    () => (docs) => ({
      subscribe(key, listener) {
        let delayed: (() => void) | undefined
        let count = 0
        return docs.subscribe(key, (change) => {
          if (++count % 5 === 2) {
            delayed = () => listener(change)
            return
          }
          listener(change)
          delayed?.()
          delayed = undefined
        })
      },
    }),
  ),
  brokenCollections(
    'SYNC-ORD-05',
    'makes one stream wait for another',
    /a stream next to a stalled one received only 0 changes/,
    () => {
      let streams = 0
      return (docs) => ({
        changes: (options) => (++streams > 1 ? docs.changes({ ...options, key: 'missing' }) : docs.changes(options)),
      })
    },
  ),
  brokenCollections(
    'SYNC-SUB-09',
    'loses a change that happens while it reads the snapshot',
    /never arrived, client the stream|is missing from the snapshot/,
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
              yield withChanges(
                batch,
                batch.filter((_, at) => at !== live),
              )
            }
          }
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-SUB-10',
    'leaves out batches without changes',
    /timed out: the synced batch of an empty section/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          for await (const batch of stream) if (batch.length > 0) yield batch
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-SUB-11',
    'reports only positions of its own changes',
    /a filtered stream: expected a position that includes the changes of other documents/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          let last: Position | undefined
          for await (const batch of stream) {
            if (batch.length > 0 || last === undefined) last = batch.position
            yield Object.assign([...batch], { position: last, synced: batch.synced })
          }
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-REP-01',
    'starts one change too late after a position',
    /12 never arrived, client the stream/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          let first = true
          for await (const batch of stream) {
            yield first ? withChanges(batch, batch.slice(1)) : batch
            first = false
          }
        })()
      },
    }),
  ),
  brokenStack(
    'SYNC-BP-02',
    'lets its buffer grow without bound',
    /changes behind a gap: expected at most \d+, got \d+/,
    () => {
      let kept = 0
      return {
        bus: (bus) =>
          interceptFrames(bus, () => (frame, deliver) => {
            kept += String(frame).split('],[').length
            deliver(frame)
          }),
        sync: (sync) => overlayInstance(sync, { stats: () => ({ ...sync.stats(), buffered: kept }) }),
      }
    },
  ),
  brokenCollections(
    'SYNC-BP-03',
    'drops overflowing changes silently',
    /timed out: the next batch of a slow stream|expected a reset with the reason overflow, got none/,
    () => (docs) => ({
      changes(options) {
        const stream = docs.changes(options)
        return (async function* () {
          for await (const batch of stream) {
            const rest = batch.filter((change) => change.kind !== 'reset')
            if (rest.length > 0) yield withChanges(batch, rest)
          }
        })()
      },
    }),
  ),
  brokenCollections(
    'SYNC-TTL-06',
    'keeps expired documents',
    /key "k", instance A: expected nothing, got \{"n":1\}/,
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
  brokenStack('SYNC-TTL-03', 'does not refresh the TTL on reads', /a sliding document with reads/, () => ({
    store: (store) => overlayStore(store, { touch: async () => {} }),
  })),
  brokenCollections(
    'SYNC-RYW-01',
    "resolves a write before the writer's replica advances",
    /the writer's replica after its write/,
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
  brokenStack('SYNC-DAT-01', 'decodes frames as Latin-1', /key ".*", instance B: expected/, () => ({
    bus: (bus) =>
      interceptFrames(bus, () => (frame, deliver) => deliver(Buffer.from(String(frame)).toString('latin1'))),
  })),
  brokenCollections(
    'SYNC-DAT-06',
    'writes null in place of NaN',
    /a write of NaN: expected a rejection/,
    () => (docs) => ({
      assign: (key, fields, options) => docs.assign(key, JSON.parse(JSON.stringify(fields)), options),
    }),
  ),
  brokenCollections(
    'SYNC-DAT-08',
    'writes the output of JSON.stringify',
    /a write of a value with undefined: expected a rejection/,
    () => (docs) => ({
      assign: (key, fields, options) => docs.assign(key, JSON.parse(JSON.stringify(fields)), options),
    }),
  ),
  brokenStack(
    'SYNC-BP-04',
    'closes its bus before it has published',
    /key "k0", instance B: expected \{"n":0\}, got nothing/,
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
  brokenHarness('SYNC-H-04', 'leaves a timer behind', /a closed instance keeps the process alive/, (harness) => {
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
    'accepts writes after close',
    /a write after close: expected a rejection/,
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
  brokenHarness(
    'SYNC-LIF-07',
    'keeps the process alive',
    /the program (did not exit|exited with code 1)/,
    (harness) => ({
      ...harness,
      program: ['-e', 'setTimeout(() => process.exit(1), 300)'],
    }),
  ),
]
