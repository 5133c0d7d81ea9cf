import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { SyncTestContext } from '../../context/sync-test-context.ts'
import type { StoreFaults } from '../../harness/harness.ts'
import type { Rule } from '../rule.ts'

const requiresStoreFaults =
  (...names: readonly (keyof StoreFaults)[]) =>
  ({ harness: { storeFaults } }: SyncTestContext): string | undefined => {
    const missing = names.filter((name) => !storeFaults?.[name])
    return missing.length === 0 ? undefined : `the harness lacks the store faults ${missing.join(', ')}`
  }

/** Detection and repair of losses, faults and mismatches. */
export const repair: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-SUB-01',
    level: 'MUST',
    statement: 'A joining instance recovers every change that it missed while joining.',
    hint: "Subscribe, ask for the section's head, then load; check the head again where interest spreads slowly.",
    async run(context) {
      const definition = context.define()
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '0' })
      for (let round = 1; round <= 5; round++) {
        const joining = context.open({ checkInterval: '1s' })
        // No bus carries the writes of this loop; they happen while the instance joins.
        const writing = writer.write('k', { n: String(round * 10) })
        const sync = await joining
        const docs = context.collectionOf(sync, definition)
        const reading = docs.get('k')
        await writing
        await writer.write('k', { n: String(round * 10 + 1) })
        await context.withTimeout(reading, 'get')
        // This one follows immediately after the join, before interest has spread to every node of a bus.
        await writer.write('k', { n: String(round * 10 + 2) })
        await context.expectConverged([{ name: `joining ${round}`, sync, docs }], 'k', { n: round * 10 + 2 })
        await context.withTimeout(sync.close(), 'close')
      }
    },
  },
  {
    id: 'SYNC-CHK-01',
    level: 'MUST',
    statement: 'A lost last change is detected within `checkInterval`, without any traffic.',
    hint: 'Ask the store for the head of each subscribed section at this interval; it bounds the staleness of every replica.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition, { checkInterval: '500ms' })
      const [byDocument] = await context.openInstances(1, context.define({ subscribeBy: 'document' }), {
        checkInterval: '500ms',
      })
      const writer = await context.writer(context.sectionOf(definition))
      await writer.write('k', { n: '1' })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      await writer.write('k', { n: '2' })
      await context.expectConverged(instances, 'k', { n: 2 })
      await writer.delete('k')
      await context.expectConverged(instances, 'k', undefined)
      await context.withTimeout(byDocument.docs.get('k'), 'get')
      await byDocument.docs.assign('k', { n: 1 })
      assertEqual(byDocument.docs.peek('k'), { n: 1 }, 'a document of a section with subscribeBy: document')
    },
  },
  {
    id: 'SYNC-FLT-10',
    level: 'MUST',
    statement: 'After a gap, replicas reach the same state as without one, and the gap is counted.',
    hint: 'Never apply a change whose predecessor is missing: read the log first.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition)
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '0', list: '[]' })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      const { generation } = await writer.expectation('k')
      for (let n = 1; n <= 30; n++) {
        const whole = JSON.stringify(Array.from({ length: n }, (_, at) => at + 1))
        const delta = { ops: `[[0,"/-",${n}]]`, base: n }
        const fields = [{ field: 'list', whole, delta }]
        const { change } = await writer.write('k', {}, { fields, expect: { readAt: writer.state, generation } })
        // One change of three is lost.
        if (n % 3 !== 1) await context.withTimeout(context.bus.publish(section, [change]), 'publish')
      }
      await context.expectConverged(instances, 'k', { n: 0, list: Array.from({ length: 30 }, (_, at) => at + 1) })
      for (const { sync, name } of instances)
        assertThat(sync.stats().gaps > 0, `gaps of instance ${name}: expected at least one, got none`)
    },
  },
  {
    id: 'SYNC-ABS-01',
    level: 'MUST',
    statement:
      'A late change of a deleted document does not restore it, whether the document was cached or known to be absent.',
    hint: 'The load of an absent document has a position too: a change at or before it is old.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition)
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      const created = (await writer.write('k', { n: '1' })).change
      await context.withTimeout(instances[0].docs.get('k'), 'get')
      const changed = (await writer.write('k', { n: '2' })).change
      const deleted = (await writer.delete('k')).change
      await context.withTimeout(instances[1].docs.get('k'), 'get')
      for (const change of [created, changed, deleted, changed, created])
        await context.withTimeout(context.bus.publish(section, [change]), 'publish')
      await instances[1].docs.assign('after', { n: 1 })
      for (const { docs } of instances) await context.withTimeout(docs.get('after'), 'get')
      await context.expectConverged(instances, 'after', { n: 1 })
      await context.expectConverged(instances, 'k', undefined)
    },
  },
  {
    id: 'SYNC-EPO-01',
    level: 'MUST',
    statement: 'A late change of a past epoch does not discard valid data.',
    hint: 'A change of another epoch only triggers a query to the store.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition)
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      const old = (await writer.write('k', { n: '1' })).change
      const other = (await writer.write('k', { n: '2' })).change
      await context.store.heads([{ scope: section, highestSeen: { epoch: old.epoch, sequence: 99 } }])
      await writer.catchUp()
      await writer.write('k', { n: '3' })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      await context.catchUpAll(instances)
      const reloads = instances.map(({ sync }) => sync.stats().reloads)
      for (const change of [old, other, { ...other, epoch: 'unknown' }])
        await context.withTimeout(context.bus.publish(section, [change]), 'publish')
      await context.catchUpAll(instances)
      await context.expectConverged(instances, 'k', { n: 3 })
      assertEqual(
        instances.map(({ sync }) => sync.stats().reloads),
        reloads,
        'reloads after late changes of past epochs',
      )
    },
  },
  {
    id: 'SYNC-FLT-01',
    level: 'MUST',
    statement: 'After the bus was unavailable, every instance catches up with the changes that it missed.',
    hint: 'Query the store at once when the bus reports `resumed`.',
    skip: ({ harness: { busFaults } }) =>
      busFaults?.kill && busFaults.restart ? undefined : 'the harness cannot kill its bus',
    async run(context) {
      const instances = await context.openInstances(3, context.define(), { checkInterval: '1h' })
      const [a] = instances
      await a.docs.assign('k', { n: 1 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      await context.harness.busFaults?.kill?.()
      await context.withTimeout(a.docs.assign('k', { n: 2 }), 'a write while the bus is unavailable')
      await context.waitUntil(
        () => instances.every(({ sync }) => sync.health().state === 'stale'),
        () =>
          `health while the bus is unavailable: expected stale, got ${instances.map(({ sync }) => sync.health().state).join(', ')}`,
      )
      await context.harness.busFaults?.restart?.()
      await context.expectConverged(instances, 'k', { n: 2 }, context.stateTimeout * 4)
      await context.waitUntil(
        () => instances.every(({ sync }) => sync.health().state === 'live'),
        () =>
          `health after the restart of the bus: expected live, got ${instances.map(({ sync }) => sync.health().state).join(', ')}`,
        context.stateTimeout * 4,
      )
    },
  },
  {
    id: 'SYNC-FLT-09',
    level: 'MUST',
    statement: 'A write whose reply was lost takes effect once.',
    hint: 'Send it again under the same operation id.',
    skip: requiresStoreFaults('loseReplies'),
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a] = instances
      await a.docs.create('k', { n: 0 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      for (let n = 1; n <= 5; n++) {
        await context.harness.storeFaults?.loseReplies?.(1)
        const update = a.docs.update('k', (doc) => {
          doc.n++
        })
        await context.withTimeout(update, 'an update with a lost reply', context.stateTimeout * 4)
        await context.expectConverged(instances, 'k', { n })
        assertEqual((await a.docs.getEntry('k'))?.version, n + 1, `the version after ${n} updates with lost replies`)
      }
    },
  },
  {
    id: 'SYNC-FLT-11',
    level: 'MUST',
    statement:
      'After the store lost its tail, replicas above the fork are reloaded and the loss is reported; all others stay unchanged.',
    hint: 'Compare each replica with the fork, and report a loss if an emitted or acknowledged change lies above it.',
    skip: requiresStoreFaults('loseTail'),
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a, b] = instances
      await a.docs.assign('kept', { n: 1 })
      await a.docs.assign('lost', { n: 1 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.getMany(['kept', 'lost']))), 'getMany')
      await a.docs.assign('lost', { n: 2 })
      await a.docs.assign('lost', { n: 3 })
      await context.expectConverged(instances, 'lost', { n: 3 })
      const reports = instances.map(() => [] as boolean[])
      for (const [at, { sync }] of instances.entries())
        sync.onEvent((event) => event.type === 'epoch' && reports[at]?.push(event.lost))
      const kept = b.docs.peek('kept')
      await context.harness.storeFaults?.loseTail?.(2)
      await context.catchUpAll(instances)
      await context.expectConverged(instances, 'lost', { n: 1 })
      assertEqual(reports, [[true], [true]], '`lost` in the epoch events of two instances')
      assertThat(b.docs.peek('kept') === kept, 'a document below the fork was reloaded')
      await a.docs.assign('lost', { n: 4 })
      await context.expectConverged(instances, 'lost', { n: 4 })
    },
  },
  {
    id: 'SYNC-FLT-12',
    level: 'MUST',
    statement:
      'A restart without loss causes no reload and reports no loss, and an unanswered write takes effect once.',
    hint: 'An epoch records its parent and its fork; history up to the fork is common.',
    skip: requiresStoreFaults('failOver'),
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a] = instances
      for (let n = 0; n < 10; n++) await a.docs.assign(`k${n}`, { n })
      const keys = Array.from({ length: 10 }, (_, n) => `k${n}`)
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.getMany(keys))), 'getMany')
      const losses: boolean[] = []
      for (const { sync } of instances) sync.onEvent((event) => event.type === 'epoch' && losses.push(event.lost))
      await context.harness.storeFaults?.failOver?.()
      const update = a.docs.update('k1', (doc) => {
        doc.n += 100
      })
      await context.withTimeout(update, 'an update during a failover', context.stateTimeout * 4)
      await context.catchUpAll(instances)
      await context.expectConverged(instances, 'k1', { n: 101 })
      assertEqual(
        instances.map(({ sync }) => sync.stats().reloads),
        [0, 0],
        'reloads after a restart without loss',
      )
      assertEqual(losses, [false, false], '`lost` in the epoch events after a restart without loss')
    },
  },
  {
    id: 'SYNC-DEL-08',
    level: 'MUST',
    statement:
      'A malformed frame is reported as `frame-rejected`, triggers a repair at once, and does not stop the stream.',
    hint: 'Treat it as a loss in its scope.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(1, definition, { checkInterval: '1h' })
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '1' })
      const [instance] = instances
      await context.withTimeout(instance.docs.get('k'), 'get')
      const events: string[] = []
      instance.sync.onEvent(({ type }) => events.push(type))
      const { change } = await writer.write('k', { n: '2' })
      await context.withTimeout(context.bus.publish(section, [{ ...change, text: '{not json' }]), 'publish')
      await context.waitUntil(
        () => events.includes('frame-rejected'),
        () => `events after a malformed frame: expected frame-rejected, got ${events.join(', ') || 'none'}`,
      )
      await context.expectConverged(instances, 'k', { n: 2 })
      const next = (await writer.write('k', { n: '3' })).change
      await context.withTimeout(context.bus.publish(section, [next]), 'publish')
      await context.expectConverged(instances, 'k', { n: 3 })
    },
  },
  {
    id: 'SYNC-DAT-07',
    level: 'MUST',
    statement:
      'A malformed change is reported as `frame-rejected`, and does not affect the other changes of its frame.',
    hint: 'Decode each change of a frame separately.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(1, definition, { checkInterval: '1h' })
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      const keys = ['a', 'b', 'c']
      for (const key of keys) await writer.write(key, { n: '1' })
      const [instance] = instances
      await context.withTimeout(instance.docs.getMany(keys), 'getMany')
      const events: string[] = []
      instance.sync.onEvent(({ type }) => events.push(type))
      const changes = []
      for (const key of keys) changes.push((await writer.write(key, { n: '2' })).change)
      const poisoned = changes.map((change, at) => (at === 1 ? { ...change, text: '["b",1]' } : change))
      await context.withTimeout(context.bus.publish(section, poisoned), 'publish')
      await context.waitUntil(
        () => events.includes('frame-rejected'),
        () => `events after a malformed change: expected frame-rejected, got ${events.join(', ') || 'none'}`,
      )
      for (const key of keys) await context.expectConverged(instances, key, { n: 2 })
    },
  },
  {
    id: 'SYNC-DEF-01',
    level: 'MUST',
    statement:
      'A service with another definition of a section is notified, and one with another `subscribeBy` is rejected with SYNC_DEFINITION.',
    hint: 'The section records its definition, and every answer returns it.',
    async run(context) {
      const definition = context.define()
      const [a] = await context.openInstances(1, definition)
      await a.docs.assign('k', { n: 1 })
      await context.withTimeout(a.docs.get('k'), 'get')
      const sync = await context.open()
      const events: string[] = []
      sync.onEvent(({ type }) => events.push(type))
      const other = context.collectionOf(sync, context.define({ section: definition.section, subscribeBy: 'document' }))
      const write = await context.withTimeout(
        other.assign('k', { n: 2 }).then(
          () => 'resolved',
          (error: { code?: string }) => error.code,
        ),
        'assign',
      )
      assertEqual(write, 'SYNC_DEFINITION', 'a write by a service with another `subscribeBy`')
      await context.waitUntil(
        () => events.includes('definition-mismatch'),
        () =>
          `events of a service with another definition: expected definition-mismatch, got ${events.join(', ') || 'none'}`,
      )
      assertEqual(a.docs.peek('k'), { n: 1 }, 'the document after a rejected write')
    },
  },
]
