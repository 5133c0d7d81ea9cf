import type { StoreFaults } from '../../harness/harness.ts'
import { demand, demandEqual } from '../../judge/violation.ts'
import type { SyncStage } from '../../stage/sync-stage.ts'
import type { Rule } from '../rule.ts'

const storeNeeds =
  (...names: readonly (keyof StoreFaults)[]) =>
  ({ harness: { storeFaults } }: SyncStage): string | undefined => {
    const missing = names.filter((name) => !storeFaults?.[name])
    return missing.length === 0 ? undefined : `the harness cannot ${missing.join(', ')} its store`
  }

/** What was lost, and how it is found again. */
export const repair: readonly Rule<SyncStage>[] = [
  {
    id: 'SYNC-SUB-01',
    level: 'MUST',
    sentence: 'Whatever slips through while an instance joins is found by itself.',
    hint: 'Subscribe, ask where the section stands, then load; check once more where interest spreads slowly.',
    async run(stage) {
      const definition = stage.define()
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      await writer.write('k', { n: '0' })
      for (let round = 1; round <= 5; round++) {
        const joining = stage.open({ checkInterval: '1s' })
        // no bus carries these: they fall into the time in which the instance joins
        const writing = writer.write('k', { n: String(round * 10) })
        const sync = await joining
        const docs = stage.at(sync, definition)
        const reading = docs.get('k')
        await writing
        await writer.write('k', { n: String(round * 10 + 1) })
        await stage.settled(reading, 'get')
        // and this one comes right after it, before interest has spread to every node of a bus
        await writer.write('k', { n: String(round * 10 + 2) })
        await stage.agree([{ name: `joining ${round}`, sync, docs }], 'k', { n: round * 10 + 2 })
        await stage.settled(sync.close(), 'close')
      }
    },
  },
  {
    id: 'SYNC-CHK-01',
    level: 'MUST',
    sentence: 'A lost last change is found within `checkInterval`, without any traffic.',
    hint: 'Each followed section asks the store for its head; the staleness of every replica is bounded by that.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(2, definition, { checkInterval: '500ms' })
      const byKey = await stage.fleet(1, stage.define({ follow: 'key' }), { checkInterval: '500ms' })
      const writer = await stage.writer(stage.sectionOf(definition))
      await writer.write('k', { n: '1' })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      await writer.write('k', { n: '2' })
      await stage.agree(members, 'k', { n: 2 })
      await writer.delete('k')
      await stage.agree(members, 'k', undefined)
      await stage.settled(byKey[0].docs.get('k'), 'get')
      await byKey[0].docs.set('k', { n: 1 })
      demandEqual(byKey[0].docs.peek('k'), { n: 1 }, 'a document followed by key')
    },
  },
  {
    id: 'SYNC-FLT-10',
    level: 'MUST',
    sentence: 'After a gap the state is the same as without one, and the gap is told.',
    hint: 'A change whose predecessor is missing is never applied: the log is read first.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(2, definition)
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      await writer.write('k', { n: '0', list: '[]' })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      const { generation } = await writer.expectation('k')
      for (let n = 1; n <= 30; n++) {
        const whole = JSON.stringify(Array.from({ length: n }, (_, at) => at + 1))
        const delta = { ops: `[[0,"/-",${n}]]`, base: n }
        const fields = [{ field: 'list', whole, delta }]
        const { change } = await writer.write('k', {}, { fields, expect: { readAt: writer.standing, generation } })
        // of three changes one is lost
        if (n % 3 !== 1) await stage.settled(stage.bus.publish(section, [change]), 'publish')
      }
      await stage.agree(members, 'k', { n: 0, list: Array.from({ length: 30 }, (_, at) => at + 1) })
      for (const { sync, name } of members) demand(sync.stats().gaps > 0, `instance ${name} counted no gap`)
    },
  },
  {
    id: 'SYNC-ABS-01',
    level: 'MUST',
    sentence: 'A late change of a deleted document does not bring it back, whether it was held or known to be absent.',
    hint: 'A load that finds nothing has a place too: what is at or below it is old.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(2, definition)
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      const born = (await writer.write('k', { n: '1' })).change
      await stage.settled(members[0].docs.get('k'), 'get')
      const changed = (await writer.write('k', { n: '2' })).change
      const gone = (await writer.delete('k')).change
      await stage.settled(members[1].docs.get('k'), 'get')
      for (const change of [born, changed, gone, changed, born])
        await stage.settled(stage.bus.publish(section, [change]), 'publish')
      await members[1].docs.set('after', { n: 1 })
      for (const { docs } of members) await stage.settled(docs.get('after'), 'get')
      await stage.agree(members, 'after', { n: 1 })
      await stage.agree(members, 'k', undefined)
    },
  },
  {
    id: 'SYNC-EPO-01',
    level: 'MUST',
    sentence: 'A late change of an epoch that was left behind throws nothing good away.',
    hint: 'A change of another epoch only triggers a question to the store.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(2, definition)
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      const old = (await writer.write('k', { n: '1' })).change
      const other = (await writer.write('k', { n: '2' })).change
      await stage.store.heads([{ scope: section, shown: { epoch: old.epoch, sequence: 99 } }])
      await writer.catchUp()
      await writer.write('k', { n: '3' })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      await stage.check(members)
      const reloads = members.map(({ sync }) => sync.stats().reloads)
      for (const change of [old, other, { ...other, epoch: 'unheard-of' }])
        await stage.settled(stage.bus.publish(section, [change]), 'publish')
      await stage.check(members)
      await stage.agree(members, 'k', { n: 3 })
      demandEqual(
        members.map(({ sync }) => sync.stats().reloads),
        reloads,
        'reloads after late changes of old epochs',
      )
    },
  },
  {
    id: 'SYNC-FLT-01',
    level: 'MUST',
    sentence: 'After the bus was away every instance catches up by itself, whatever it missed.',
    hint: '`resumed` is a reason to ask the store at once.',
    skip: ({ harness: { busFaults } }) =>
      busFaults?.kill && busFaults.restart ? undefined : 'the harness cannot kill its bus',
    async run(stage) {
      const members = await stage.fleet(3, stage.define(), { checkInterval: '1h' })
      const [a] = members
      await a.docs.set('k', { n: 1 })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      await stage.harness.busFaults?.kill?.()
      await stage.settled(a.docs.set('k', { n: 2 }), 'a write while the bus is away')
      await stage.until(
        () => members.every(({ sync }) => sync.health().state === 'stale'),
        () => `while the bus is away health says ${members.map(({ sync }) => sync.health().state).join(', ')}`,
      )
      await stage.harness.busFaults?.restart?.()
      await stage.agree(members, 'k', { n: 2 }, stage.patience * 4)
      await stage.until(
        () => members.every(({ sync }) => sync.health().state === 'live'),
        'an instance is not live again',
        stage.patience * 4,
      )
    },
  },
  {
    id: 'SYNC-FLT-09',
    level: 'MUST',
    sentence: 'A write whose reply was lost counts once.',
    hint: 'It is sent again under the same op id.',
    skip: storeNeeds('loseReplies'),
    async run(stage) {
      const members = await stage.fleet(2, stage.define())
      const [a] = members
      await a.docs.create('k', { n: 0 })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      for (let n = 1; n <= 5; n++) {
        await stage.harness.storeFaults?.loseReplies?.(1)
        const update = a.docs.update('k', (doc) => {
          doc.n++
        })
        await stage.settled(update, 'an update whose reply is lost', stage.patience * 4)
        await stage.agree(members, 'k', { n })
        demandEqual(
          (await a.docs.entry('k'))?.version,
          n + 1,
          `the version after ${n} updates, the replies of which were lost`,
        )
      }
    },
  },
  {
    id: 'SYNC-FLT-11',
    level: 'MUST',
    sentence:
      'When the store lost its tail, what lies above the fork is loaded anew and the loss reported; what lies below goes on.',
    hint: 'Compare what is held with the fork; report if anything shown or acknowledged lies above it.',
    skip: storeNeeds('loseTail'),
    async run(stage) {
      const members = await stage.fleet(2, stage.define())
      const [a, b] = members
      await a.docs.set('kept', { n: 1 })
      await a.docs.set('lost', { n: 1 })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.getMany(['kept', 'lost']))), 'getMany')
      await a.docs.set('lost', { n: 2 })
      await a.docs.set('lost', { n: 3 })
      await stage.agree(members, 'lost', { n: 3 })
      const reports = members.map(() => [] as boolean[])
      for (const [at, { sync }] of members.entries())
        sync.onEvent((event) => event.type === 'epoch' && reports[at]?.push(event.lost))
      const kept = b.docs.peek('kept')
      await stage.harness.storeFaults?.loseTail?.(2)
      await stage.check(members)
      await stage.agree(members, 'lost', { n: 1 })
      demandEqual(reports, [[true], [true]], 'losses reported by two instances')
      demand(b.docs.peek('kept') === kept, 'what lies below the fork was loaded anew')
      await a.docs.set('lost', { n: 4 })
      await stage.agree(members, 'lost', { n: 4 })
    },
  },
  {
    id: 'SYNC-FLT-12',
    level: 'MUST',
    sentence: 'A restart that loses nothing costs no reload and reports no loss; an unanswered write counts once.',
    hint: 'Epochs record their parent and fork; up to it history is common.',
    skip: storeNeeds('failOver'),
    async run(stage) {
      const members = await stage.fleet(2, stage.define())
      const [a] = members
      for (let n = 0; n < 10; n++) await a.docs.set(`k${n}`, { n })
      const keys = Array.from({ length: 10 }, (_, n) => `k${n}`)
      await stage.settled(Promise.all(members.map(({ docs }) => docs.getMany(keys))), 'getMany')
      const losses: boolean[] = []
      for (const { sync } of members) sync.onEvent((event) => event.type === 'epoch' && losses.push(event.lost))
      await stage.harness.storeFaults?.failOver?.()
      const update = a.docs.update('k1', (doc) => {
        doc.n += 100
      })
      await stage.settled(update, 'an update across a fail-over', stage.patience * 4)
      await stage.check(members)
      await stage.agree(members, 'k1', { n: 101 })
      demandEqual(
        members.map(({ sync }) => sync.stats().reloads),
        [0, 0],
        'documents loaded again after a restart without loss',
      )
      demandEqual(losses, [false, false], 'losses reported after a restart without loss')
    },
  },
  {
    id: 'SYNC-DEL-08',
    level: 'MUST',
    sentence: 'A frame that cannot be read is told as `frame-refused`, asked for at once, and the stream lives on.',
    hint: 'It counts as a loss in its scope.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(1, definition, { checkInterval: '1h' })
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      await writer.write('k', { n: '1' })
      const [member] = members
      await stage.settled(member.docs.get('k'), 'get')
      const events: string[] = []
      member.sync.onEvent(({ type }) => events.push(type))
      const { change } = await writer.write('k', { n: '2' })
      await stage.settled(stage.bus.publish(section, [{ ...change, text: '{not json' }]), 'publish')
      await stage.until(
        () => events.includes('frame-refused'),
        'a frame that cannot be read was not told as frame-refused',
      )
      await stage.agree(members, 'k', { n: 2 })
      const next = (await writer.write('k', { n: '3' })).change
      await stage.settled(stage.bus.publish(section, [next]), 'publish')
      await stage.agree(members, 'k', { n: 3 })
    },
  },
  {
    id: 'SYNC-DAT-07',
    level: 'MUST',
    sentence: 'A change that cannot be read spoils no other change of its frame, and is told as `frame-refused`.',
    hint: 'Each change of a frame is judged by itself.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(1, definition, { checkInterval: '1h' })
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      const keys = ['a', 'b', 'c']
      for (const key of keys) await writer.write(key, { n: '1' })
      const [member] = members
      await stage.settled(member.docs.getMany(keys), 'getMany')
      const events: string[] = []
      member.sync.onEvent(({ type }) => events.push(type))
      const changes = []
      for (const key of keys) changes.push((await writer.write(key, { n: '2' })).change)
      const poisoned = changes.map((change, at) => (at === 1 ? { ...change, text: '["b",1]' } : change))
      await stage.settled(stage.bus.publish(section, poisoned), 'publish')
      await stage.until(
        () => events.includes('frame-refused'),
        'a change that cannot be read was not told as frame-refused',
      )
      for (const key of keys) await stage.agree(members, key, { n: 2 })
    },
  },
  {
    id: 'SYNC-DEF-01',
    level: 'MUST',
    sentence:
      'A service that defines a section otherwise is told so; one that follows it otherwise is refused with SYNC_DEFINITION.',
    hint: 'The definition is noted with the section, and comes with every answer.',
    async run(stage) {
      const definition = stage.define()
      const [a] = await stage.fleet(1, definition)
      await a.docs.set('k', { n: 1 })
      await stage.settled(a.docs.get('k'), 'get')
      const sync = await stage.open()
      const events: string[] = []
      sync.onEvent(({ type }) => events.push(type))
      const other = stage.at(sync, stage.define({ section: definition.section, follow: 'key' }))
      const write = await stage.settled(
        other.set('k', { n: 2 }).then(
          () => 'done',
          (error: { code?: string }) => error.code,
        ),
        'set',
      )
      demandEqual(write, 'SYNC_DEFINITION', 'a write by a service that follows the section otherwise')
      await stage.until(
        () => events.includes('definition-mismatch'),
        'another definition was not told as definition-mismatch',
      )
      demandEqual(a.docs.peek('k'), { n: 1 }, 'the document after a refused write')
    },
  },
]
