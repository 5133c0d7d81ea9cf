import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { SyncTestContext } from '../../context/sync-test-context.ts'
import type { StoreFaults } from '../../harness/harness.ts'
import type { Rule } from '../rule.ts'

const requiresStoreFaults =
  (...names: readonly (keyof StoreFaults)[]) =>
  ({ harness: { storeFaults } }: SyncTestContext): string | undefined => {
    const missing = names.filter((name) => !storeFaults?.[name])
    return missing.length === 0 ? undefined : `the harness cannot ${missing.join(', ')} its store`
  }

/** What was lost, and how it is found again. */
export const repair: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-SUB-01',
    level: 'MUST',
    statement: 'Whatever slips through while an instance joins is found by itself.',
    hint: 'Subscribe, ask where the section stands, then load; check once more where interest spreads slowly.',
    async run(context) {
      const definition = context.define()
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '0' })
      for (let round = 1; round <= 5; round++) {
        const joining = context.open({ checkInterval: '1s' })
        // no bus carries these: they fall into the time in which the instance joins
        const writing = writer.write('k', { n: String(round * 10) })
        const sync = await joining
        const docs = context.collectionOf(sync, definition)
        const reading = docs.get('k')
        await writing
        await writer.write('k', { n: String(round * 10 + 1) })
        await context.withTimeout(reading, 'get')
        // and this one comes right after it, before interest has spread to every node of a bus
        await writer.write('k', { n: String(round * 10 + 2) })
        await context.expectConverged([{ name: `joining ${round}`, sync, docs }], 'k', { n: round * 10 + 2 })
        await context.withTimeout(sync.close(), 'close')
      }
    },
  },
  {
    id: 'SYNC-CHK-01',
    level: 'MUST',
    statement: 'A lost last change is found within `checkInterval`, without any traffic.',
    hint: 'Each followed section asks the store for its head; the staleness of every replica is bounded by that.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition, { checkInterval: '500ms' })
      const byKey = await context.openInstances(1, context.define({ subscribeBy: 'document' }), {
        checkInterval: '500ms',
      })
      const writer = await context.writer(context.sectionOf(definition))
      await writer.write('k', { n: '1' })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      await writer.write('k', { n: '2' })
      await context.expectConverged(instances, 'k', { n: 2 })
      await writer.delete('k')
      await context.expectConverged(instances, 'k', undefined)
      await context.withTimeout(byKey[0].docs.get('k'), 'get')
      await byKey[0].docs.assign('k', { n: 1 })
      assertEqual(byKey[0].docs.peek('k'), { n: 1 }, 'a document followed by key')
    },
  },
  {
    id: 'SYNC-FLT-10',
    level: 'MUST',
    statement: 'After a gap the state is the same as without one, and the gap is told.',
    hint: 'A change whose predecessor is missing is never applied: the log is read first.',
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
        // of three changes one is lost
        if (n % 3 !== 1) await context.withTimeout(context.bus.publish(section, [change]), 'publish')
      }
      await context.expectConverged(instances, 'k', { n: 0, list: Array.from({ length: 30 }, (_, at) => at + 1) })
      for (const { sync, name } of instances) assertThat(sync.stats().gaps > 0, `instance ${name} counted no gap`)
    },
  },
  {
    id: 'SYNC-ABS-01',
    level: 'MUST',
    statement: 'A late change of a deleted document does not bring it back, whether it was held or known to be absent.',
    hint: 'A load that finds nothing has a place too: what is at or below it is old.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition)
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      const created = (await writer.write('k', { n: '1' })).change
      await context.withTimeout(instances[0].docs.get('k'), 'get')
      const changed = (await writer.write('k', { n: '2' })).change
      const gone = (await writer.delete('k')).change
      await context.withTimeout(instances[1].docs.get('k'), 'get')
      for (const change of [created, changed, gone, changed, created])
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
    statement: 'A late change of an epoch that was left behind throws nothing good away.',
    hint: 'A change of another epoch only triggers a question to the store.',
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
      for (const change of [old, other, { ...other, epoch: 'unheard-of' }])
        await context.withTimeout(context.bus.publish(section, [change]), 'publish')
      await context.catchUpAll(instances)
      await context.expectConverged(instances, 'k', { n: 3 })
      assertEqual(
        instances.map(({ sync }) => sync.stats().reloads),
        reloads,
        'reloads after late changes of old epochs',
      )
    },
  },
  {
    id: 'SYNC-FLT-01',
    level: 'MUST',
    statement: 'After the bus was away every instance catches up by itself, whatever it missed.',
    hint: '`resumed` is a reason to ask the store at once.',
    skip: ({ harness: { busFaults } }) =>
      busFaults?.kill && busFaults.restart ? undefined : 'the harness cannot kill its bus',
    async run(context) {
      const instances = await context.openInstances(3, context.define(), { checkInterval: '1h' })
      const [a] = instances
      await a.docs.assign('k', { n: 1 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      await context.harness.busFaults?.kill?.()
      await context.withTimeout(a.docs.assign('k', { n: 2 }), 'a write while the bus is away')
      await context.waitUntil(
        () => instances.every(({ sync }) => sync.health().state === 'stale'),
        () => `while the bus is away health says ${instances.map(({ sync }) => sync.health().state).join(', ')}`,
      )
      await context.harness.busFaults?.restart?.()
      await context.expectConverged(instances, 'k', { n: 2 }, context.stateTimeout * 4)
      await context.waitUntil(
        () => instances.every(({ sync }) => sync.health().state === 'live'),
        'an instance is not live again',
        context.stateTimeout * 4,
      )
    },
  },
  {
    id: 'SYNC-FLT-09',
    level: 'MUST',
    statement: 'A write whose reply was lost counts once.',
    hint: 'It is sent again under the same op id.',
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
        await context.withTimeout(update, 'an update whose reply is lost', context.stateTimeout * 4)
        await context.expectConverged(instances, 'k', { n })
        assertEqual(
          (await a.docs.getEntry('k'))?.version,
          n + 1,
          `the version after ${n} updates, the replies of which were lost`,
        )
      }
    },
  },
  {
    id: 'SYNC-FLT-11',
    level: 'MUST',
    statement:
      'When the store lost its tail, what lies above the fork is loaded anew and the loss reported; what lies below goes on.',
    hint: 'Compare what is held with the fork; report if anything shown or acknowledged lies above it.',
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
      assertEqual(reports, [[true], [true]], 'losses reported by two instances')
      assertThat(b.docs.peek('kept') === kept, 'what lies below the fork was loaded anew')
      await a.docs.assign('lost', { n: 4 })
      await context.expectConverged(instances, 'lost', { n: 4 })
    },
  },
  {
    id: 'SYNC-FLT-12',
    level: 'MUST',
    statement: 'A restart that loses nothing costs no reload and reports no loss; an unanswered write counts once.',
    hint: 'Epochs record their parent and fork; up to it history is common.',
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
      await context.withTimeout(update, 'an update across a fail-over', context.stateTimeout * 4)
      await context.catchUpAll(instances)
      await context.expectConverged(instances, 'k1', { n: 101 })
      assertEqual(
        instances.map(({ sync }) => sync.stats().reloads),
        [0, 0],
        'documents loaded again after a restart without loss',
      )
      assertEqual(losses, [false, false], 'losses reported after a restart without loss')
    },
  },
  {
    id: 'SYNC-DEL-08',
    level: 'MUST',
    statement: 'A frame that cannot be read is told as `frame-rejected`, asked for at once, and the stream lives on.',
    hint: 'It counts as a loss in its scope.',
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
        'a frame that cannot be read was not told as frame-rejected',
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
    statement: 'A change that cannot be read spoils no other change of its frame, and is told as `frame-rejected`.',
    hint: 'Each change of a frame is judged by itself.',
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
        'a change that cannot be read was not told as frame-rejected',
      )
      for (const key of keys) await context.expectConverged(instances, key, { n: 2 })
    },
  },
  {
    id: 'SYNC-DEF-01',
    level: 'MUST',
    statement:
      'A service that defines a section otherwise is told so; one that follows it otherwise is refused with SYNC_DEFINITION.',
    hint: 'The definition is noted with the section, and comes with every answer.',
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
          () => 'done',
          (error: { code?: string }) => error.code,
        ),
        'set',
      )
      assertEqual(write, 'SYNC_DEFINITION', 'a write by a service that follows the section otherwise')
      await context.waitUntil(
        () => events.includes('definition-mismatch'),
        'another definition was not told as definition-mismatch',
      )
      assertEqual(a.docs.peek('k'), { n: 1 }, 'the document after a refused write')
    },
  },
]
