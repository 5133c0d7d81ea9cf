import type { Change, ChangeBatch } from '@sync/core'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { findViolation } from '../../checkers/history.ts'
import type { SyncTestContext, TestDocument, TestInstance } from '../../context/sync-test-context.ts'
import type { Rule } from '../rule.ts'

/** Number of changes above the limit of every backlog. */
const FLOOD_SIZE = 10_400
/** Number of these changes per group commit. */
const GROUP_SIZE = 100

/** Maximum time between two positions of a quiet stream, with a margin, in ms. */
const BOOKMARK_WAIT_MS = 7_000

/** Change streams, listeners, bounded backlogs and expiry. */
export const streams: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-ORD-04',
    level: 'MUST',
    statement: 'A watcher receives each version of a document once, in increasing order, regardless of the writer.',
    hint: 'Emit changes in the order in which they are applied.',
    async run(context) {
      const instances = await context.openInstances(3, context.define())
      await instances[0].docs.create('k', { n: 0 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      const reported = instances.map(() => [] as number[])
      for (const [at, { docs }] of instances.entries())
        docs.subscribe('k', ({ version }) => reported[at]?.push(version))
      const updates = instances.flatMap(({ docs }) =>
        Array.from({ length: 8 }, async () => {
          await docs.update('k', (doc) => {
            doc.n++
          })
        }),
      )
      await context.withTimeout(Promise.all(updates), 'concurrent updates', context.stateTimeout * 6)
      await context.expectConverged(instances, 'k', { n: 24 })
      const last = (await instances[0].docs.getEntry('k'))?.version ?? 0
      for (const [at, received] of reported.entries()) {
        const sent = Array.from({ length: last - 1 }, (_, n) => n + 2)
        const violation = findViolation({ key: 'k', client: instances[at]?.name ?? '', sent, received })
        assertThat(violation === undefined, violation ?? '')
      }
    },
  },
  {
    id: 'SYNC-ORD-05',
    level: 'MUST',
    statement: 'A watcher that stalls or throws does not delay other watchers, documents or writes.',
    hint: 'Give every stream its own backlog, and catch what a listener throws.',
    async run(context) {
      const definition = context.define()
      const [a, b] = await context.openInstances(2, definition)
      await a.docs.create('k', { n: 0 })
      await context.withTimeout(b.docs.get('k'), 'get')
      const idle = b.docs.changes()[Symbol.asyncIterator]()
      const first = idle.next()
      const other = collect(context, b)
      for (let n = 1; n <= 20; n++) await a.docs.assign(n % 2 === 0 ? 'k' : 'another', { n })
      await context.withTimeout(first, 'the first batch of a stream')
      await context.waitUntil(
        () => other.changes.some(({ version, key }) => key === 'k' && version === 11),
        () => `a stream next to a stalled one received only ${other.changes.length} changes`,
      )
      await other.stop()
      await idle.return?.()
    },
  },
  {
    id: 'SYNC-SUB-09',
    level: 'MUST',
    statement: 'A stream from a snapshot continues where the snapshot ends, without a gap or an overlap.',
    hint: 'Subscribe first, read the snapshot, and drop the changes that it covers.',
    async run(context) {
      const definition = context.define()
      const [a, b] = await context.openInstances(2, definition)
      for (let n = 0; n < 10; n++) await a.docs.assign(`k${n}`, { n: 0 })
      let running = true
      const writing = (async () => {
        for (let n = 1; running && n < 200; n++) await a.docs.assign(`k${n % 10}`, { n })
      })()
      const stream = collect(context, b, { from: 'snapshot', combine: false })
      await context.waitUntil(
        () => stream.changes.length > 30,
        () => `a stream from a snapshot emitted only ${stream.changes.length} changes`,
      )
      running = false
      await context.withTimeout(writing, 'writing')
      await a.docs.assign('end', { n: 1 })
      await context.waitUntil(
        () => stream.changes.some(({ key }) => key === 'end'),
        'the last change of a stream never arrived',
      )
      await stream.stop()
      for (let n = 0; n < 10; n++) {
        const versions = stream.changes.filter(({ key }) => key === `k${n}`).map(({ version }) => version)
        const sent = Array.from(
          { length: (versions.at(-1) ?? 0) - (versions[0] ?? 0) + 1 },
          (_, at) => (versions[0] ?? 0) + at,
        )
        const violation = findViolation({ key: `k${n}`, client: 'the stream', sent, received: versions })
        assertThat(versions.length > 0 && violation === undefined, violation ?? `k${n} is missing from the snapshot`)
        const { version } = (await a.docs.getEntry(`k${n}`)) ?? { version: 0 }
        assertEqual(versions.at(-1), version, `the last version of k${n} in the stream`)
      }
    },
  },
  {
    id: 'SYNC-SUB-10',
    level: 'MUST',
    statement:
      'A stream from a snapshot emits a synced batch when it has emitted every document, and resumes exactly at its position.',
    hint: 'Emit the synced batch also for an empty section, once its position covers every value of the snapshot.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define())
      const synced = async (from: 'snapshot' | { readonly after: string }, what: string) => {
        const changes: string[] = []
        const read = async (): Promise<ChangeBatch<Change<TestDocument>> | undefined> => {
          for await (const batch of b.docs.changes({ from, combine: false })) {
            for (const { key, version } of batch) changes.push(`${key} ${version}`)
            if (batch.synced) return batch
          }
          return undefined
        }
        const last = await context.withTimeout(read(), what)
        return { changes, position: last?.position ?? '', by: last?.synced }
      }
      const empty = await synced('snapshot', 'the synced batch of an empty section')
      await a.docs.assign('x', { n: 1 })
      await a.docs.assign('y', { n: 1 })
      await a.docs.assign('x', { n: 2 })
      const resumed = await synced({ after: empty.position }, 'the synced batch after an empty snapshot')
      assertEqual(resumed.changes, ['x 1', 'y 1', 'x 2'], 'the changes after the position of an empty snapshot')
      const full = await synced('snapshot', 'the synced batch of a snapshot')
      assertEqual(full.changes.sort(), ['x 2', 'y 1'], 'the documents of a snapshot up to its synced batch')
      assertEqual([full.by, resumed.by], ['snapshot', 'log'], 'the `synced` of a snapshot and of a resumed stream')
      await a.docs.assign('y', { n: 2 })
      const after = await synced({ after: full.position }, 'the synced batch after a snapshot')
      assertEqual(after.changes, ['y 2'], 'the changes after the position of a snapshot')
    },
  },
  {
    id: 'SYNC-SUB-11',
    level: 'MUST',
    statement: 'A filtered stream reports newer positions while only other documents change.',
    hint: 'From time to time, emit an empty batch with the position up to which the stream has observed the section.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define())
      await a.docs.assign('quiet', { n: 1 })
      const positions: string[] = []
      const stop = new AbortController()
      const reading = (async () => {
        for await (const batch of b.docs.changes({ prefix: 'quiet', from: 'snapshot', signal: stop.signal }))
          positions.push(batch.position)
      })()
      reading.catch(() => {})
      context.onCleanup(async () => stop.abort())
      await context.waitUntil(() => positions.length > 0, 'a filtered stream emits no snapshot')
      const { position: expected } = await a.docs.assign('busy', { n: 1 })
      await context.waitUntil(
        () => positions.at(-1) === expected,
        () =>
          `a filtered stream: expected a position that includes the changes of other documents, ${expected}, got ${positions.at(-1)}`,
        context.stateTimeout + BOOKMARK_WAIT_MS,
      )
      stop.abort()
    },
  },
  {
    id: 'SYNC-REP-01',
    level: 'MUST',
    statement: 'A stream resumed at a saved position emits every later change and no earlier one.',
    hint: 'Read the log from the position, then continue with live changes.',
    async run(context) {
      const definition = context.define()
      const [a, b] = await context.openInstances(2, definition)
      for (let n = 1; n <= 10; n++) await a.docs.assign('k', { n })
      const { position } = (await a.docs.assign('k', { n: 11 })) ?? { position: '' }
      for (let n = 12; n <= 20; n++) await a.docs.assign('k', { n })
      const stream = collect(context, b, { from: { after: JSON.parse(JSON.stringify(position)) }, combine: false })
      await context.waitUntil(() => stream.changes.length > 0, 'a resumed stream emits nothing')
      for (let n = 21; n <= 25; n++) await a.docs.assign('k', { n })
      await context.waitUntil(
        () => stream.changes.some(({ version }) => version === 25),
        'a resumed stream emits no live changes',
      )
      await stream.stop()
      const violation = findViolation({
        key: 'k',
        client: 'the stream',
        sent: Array.from({ length: 14 }, (_, at) => at + 12),
        received: stream.changes.map(({ version }) => version),
      })
      assertThat(violation === undefined, violation ?? '')
      const resume = () =>
        b.docs
          .changes({ from: { after: 'nonsense' } })
          [Symbol.asyncIterator]()
          .next()
      const what = 'a stream from a malformed position'
      await assertRejects(context.withTimeout(Promise.resolve().then(resume), what), what, 'SYNC_POSITION')
    },
  },
  {
    id: 'SYNC-BP-02',
    level: 'MUST',
    statement: 'The number of changes that wait behind a gap is bounded.',
    hint: 'Discard the buffer when it is full: the log contains its changes.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(1, definition, { reorderWindow: '200ms' })
      const [instance] = instances
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '0' })
      await context.withTimeout(instance.docs.get('k'), 'get')
      let maxBuffered = 0
      for (let sent = 0; sent < FLOOD_SIZE * 2; sent += GROUP_SIZE) {
        const results = await writer.sendAll(
          Array.from({ length: GROUP_SIZE }, (_, at) => writer.request('k', { n: String(sent + at) })),
        )
        const changes = results.flatMap((result) => (result.status === 'committed' ? [result.change] : []))
        // The first change is lost, so that all others wait for it.
        await context.withTimeout(context.bus.publish(section, sent === 0 ? changes.slice(1) : changes), 'publish')
        maxBuffered = Math.max(maxBuffered, instance.sync.stats().buffered ?? 0)
      }
      assertThat(maxBuffered <= FLOOD_SIZE, `changes behind a gap: expected at most ${FLOOD_SIZE}, got ${maxBuffered}`)
      await context.expectConverged(instances, 'k', { n: FLOOD_SIZE * 2 - 1 }, context.stateTimeout * 4)
    },
  },
  {
    id: 'SYNC-BP-03',
    level: 'MUST',
    statement:
      'A stream that falls too far behind emits a `reset` with the whole value, and never drops changes silently.',
    hint: 'Bound every backlog, and replace what overflows by a reset.',
    async run(context) {
      const definition = context.define()
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '0' })
      const instances = await context.openInstances(1, definition)
      const [instance] = instances
      await context.withTimeout(instance.docs.get('k'), 'get')
      const stream = instance.docs.changes({ combine: false })[Symbol.asyncIterator]()
      const first = stream.next()
      for (let sent = 0; sent < FLOOD_SIZE; sent += GROUP_SIZE) {
        const results = await writer.sendAll(
          Array.from({ length: GROUP_SIZE }, (_, at) => writer.request('k', { n: String(sent + at) })),
        )
        const changes = results.flatMap((result) => (result.status === 'committed' ? [result.change] : []))
        await context.withTimeout(context.bus.publish(section, changes), 'publish')
      }
      await context.expectConverged(instances, 'k', { n: FLOOD_SIZE - 1 }, context.stateTimeout * 4)
      let batch = await context.withTimeout(first, 'the first batch of a stream')
      let overflow: Change<TestDocument> | undefined
      let last = 0
      while (!overflow && last < FLOOD_SIZE + 1) {
        for (const change of (batch.value ?? []) as readonly Change<TestDocument>[]) {
          last = change.version
          if (change.kind === 'reset' && change.reason === 'overflow') overflow = change
        }
        if (!overflow && last < FLOOD_SIZE + 1)
          batch = await context.withTimeout(stream.next(), `the next batch of a slow stream, after version ${last}`)
      }
      await stream.return?.()
      assertThat(
        overflow,
        `a slow stream with ${FLOOD_SIZE} waiting changes: expected a reset with the reason overflow, got none`,
      )
      assertEqual('value' in overflow && overflow.value, { n: FLOOD_SIZE - 1 }, 'the value of an overflow')
    },
  },
  {
    id: 'SYNC-TTL-06',
    level: 'MUST',
    statement: 'A replica detects that its document has expired, and emits `removed` with the reason `expired`.',
    hint: "Ask the store when the replica's copy of the TTL ends: an expiry sends no message.",
    skip: (context) =>
      context.store.capabilities.ttl === false ? 'ttl: false means that documents never expire' : undefined,
    async run(context) {
      const ttlMs = 500 + 4 * (context.store.capabilities.ttl || { granularityMs: 0 }).granularityMs
      const instances = await context.openInstances(2, context.define({ ttl: `${ttlMs}ms` }))
      const [a] = instances
      await a.docs.assign('k', { n: 1 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      const reported: string[] = []
      for (const { docs } of instances)
        docs.subscribe('k', (change) => reported.push(change.kind === 'removed' ? change.reason : change.kind))
      await context.expectConverged(instances, 'k', undefined, ttlMs * 4 + context.stateTimeout)
      await context.waitUntil(
        () => reported.length >= 2,
        () => `received ${reported.length} of 2 changes for an expiry`,
      )
      assertEqual(reported, ['expired', 'expired'], 'the reasons that watchers received for an expiry')
    },
  },
  {
    id: 'SYNC-TTL-03',
    level: 'MUST',
    statement: 'Reads keep a document of a sliding section alive; a document that is not read expires.',
    hint: 'A read refreshes the TTL in the store, at most once per quarter of the TTL.',
    skip: (context) =>
      context.store.capabilities.ttl === false ? 'ttl: false means that documents never expire' : undefined,
    async run(context) {
      const ttlMs = 1_000 + 4 * (context.store.capabilities.ttl || { granularityMs: 0 }).granularityMs
      const definition = context.define({ ttl: { after: ttlMs, sliding: true } })
      const [a] = await context.openInstances(1, definition)
      const writer = await context.writer(context.sectionOf(definition))
      await a.docs.assign('read', { n: 1 })
      await a.docs.assign('unread', { n: 1 })
      const began = context.now()
      while (context.now() - began < ttlMs * 2.5) {
        await context.withTimeout(a.docs.get('read'), 'get')
        await context.sleep(ttlMs / 10)
      }
      assertEqual(await writer.value('read'), { n: 1 }, 'a sliding document with reads')
      assertEqual(await writer.value('unread'), undefined, 'a sliding document without reads')
    },
  },
]

/** Collects the changes of a stream as fast as they arrive. */
function collect(context: SyncTestContext, instance: TestInstance<TestDocument>, options: object = {}) {
  const changes: Change<TestDocument>[] = []
  const control = new AbortController()
  const reading = (async () => {
    for await (const batch of instance.docs.changes({ ...options, signal: control.signal })) changes.push(...batch)
  })()
  reading.catch(() => {})
  const stop = async (): Promise<void> => {
    control.abort()
    await context.withTimeout(reading, 'the end of a stream').catch(() => {})
  }
  context.onCleanup(stop)
  return { changes, stop }
}
