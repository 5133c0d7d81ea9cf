import type { Change } from '@sync/core'
import { faultOf } from '../../judge/history.ts'
import { demand, demandEqual, demandRefusal } from '../../judge/violation.ts'
import type { Doc, Member, SyncStage } from '../../stage/sync-stage.ts'
import type { Rule } from '../rule.ts'

/** More changes than any backlog keeps. */
const FLOOD = 10_400
/** How many of them are committed together. */
const GROUP = 100

/** Streams and listeners, and what they do not hold up. */
export const watching: readonly Rule<SyncStage>[] = [
  {
    id: 'SYNC-ORD-04',
    level: 'MUST',
    sentence: 'A watcher sees the versions of a key strictly increase, each once, whoever writes.',
    hint: 'Changes are told in the order in which they are applied.',
    async run(stage) {
      const members = await stage.fleet(3, stage.define())
      await members[0].docs.create('k', { n: 0 })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      const told = members.map(() => [] as number[])
      for (const [at, { docs }] of members.entries()) docs.subscribe('k', ({ version }) => told[at]?.push(version))
      const updates = members.flatMap(({ docs }) =>
        Array.from({ length: 8 }, async () => {
          await docs.update('k', (doc) => {
            doc.n++
          })
        }),
      )
      await stage.settled(Promise.all(updates), 'concurrent updates', stage.patience * 6)
      await stage.agree(members, 'k', { n: 24 })
      const last = (await members[0].docs.entry('k'))?.version ?? 0
      for (const [at, got] of told.entries()) {
        const sent = Array.from({ length: last - 1 }, (_, n) => n + 2)
        const fault = faultOf({ key: 'k', client: members[at]?.name ?? '', sent, got })
        demand(fault === undefined, fault ?? '')
      }
    },
  },
  {
    id: 'SYNC-ORD-05',
    level: 'MUST',
    sentence: 'A watcher that stands still, or throws, holds up no other watcher, key or write.',
    hint: 'Every stream has a backlog of its own; a listener is called in a try.',
    async run(stage) {
      const definition = stage.define()
      const [a, b] = await stage.fleet(2, definition)
      await a.docs.create('k', { n: 0 })
      await stage.settled(b.docs.get('k'), 'get')
      const idle = b.docs.changes()[Symbol.asyncIterator]()
      const first = idle.next()
      const lively = collect(stage, b)
      for (let n = 1; n <= 20; n++) await a.docs.set(n % 2 === 0 ? 'k' : 'other', { n })
      await stage.settled(first, 'the first batch of a stream')
      await stage.until(
        () => lively.changes.some(({ version, key }) => key === 'k' && version === 11),
        () => `a stream beside one that stands still got ${lively.changes.length} changes`,
      )
      await lively.stop()
      await idle.return?.()
    },
  },
  {
    id: 'SYNC-SUB-09',
    level: 'MUST',
    sentence: 'A stream from a snapshot goes on where the snapshot ends: no hole, no overlap.',
    hint: 'Listen first, read the snapshot, drop what it covers.',
    async run(stage) {
      const definition = stage.define()
      const [a, b] = await stage.fleet(2, definition)
      for (let n = 0; n < 10; n++) await a.docs.set(`k${n}`, { n: 0 })
      let running = true
      const writing = (async () => {
        for (let n = 1; running && n < 200; n++) await a.docs.set(`k${n % 10}`, { n })
      })()
      const stream = collect(stage, b, { from: 'snapshot', combine: false })
      await stage.until(() => stream.changes.length > 30, 'a stream from a snapshot does not go on')
      running = false
      await stage.settled(writing, 'writing')
      await a.docs.set('end', { n: 1 })
      await stage.until(() => stream.changes.some(({ key }) => key === 'end'), 'the last change of a stream never came')
      await stream.stop()
      for (let n = 0; n < 10; n++) {
        const versions = stream.changes.filter(({ key }) => key === `k${n}`).map(({ version }) => version)
        const sent = Array.from(
          { length: (versions.at(-1) ?? 0) - (versions[0] ?? 0) + 1 },
          (_, at) => (versions[0] ?? 0) + at,
        )
        const fault = faultOf({ key: `k${n}`, client: 'the stream', sent, got: versions })
        demand(versions.length > 0 && fault === undefined, fault ?? `k${n} is not in the snapshot`)
        const { version } = (await a.docs.entry(`k${n}`)) ?? { version: 0 }
        demandEqual(versions.at(-1), version, `the last version of k${n} in the stream`)
      }
    },
  },
  {
    id: 'SYNC-REP-01',
    level: 'MUST',
    sentence: 'A stream resumed at a saved position misses nothing after it and repeats nothing before it.',
    hint: 'Read the log from the position, then go on with the live feed.',
    async run(stage) {
      const definition = stage.define()
      const [a, b] = await stage.fleet(2, definition)
      for (let n = 1; n <= 10; n++) await a.docs.set('k', { n })
      const { position } = (await a.docs.set('k', { n: 11 })) ?? { position: '' }
      for (let n = 12; n <= 20; n++) await a.docs.set('k', { n })
      const stream = collect(stage, b, { from: { after: JSON.parse(JSON.stringify(position)) }, combine: false })
      await stage.until(() => stream.changes.length > 0, 'a resumed stream tells nothing')
      for (let n = 21; n <= 25; n++) await a.docs.set('k', { n })
      await stage.until(() => stream.changes.some(({ version }) => version === 25), 'a resumed stream does not go on')
      await stream.stop()
      const fault = faultOf({
        key: 'k',
        client: 'the stream',
        sent: Array.from({ length: 14 }, (_, at) => at + 12),
        got: stream.changes.map(({ version }) => version),
      })
      demand(fault === undefined, fault ?? '')
      const broken = () =>
        b.docs
          .changes({ from: { after: 'nonsense' } })
          [Symbol.asyncIterator]()
          .next()
      const what = 'a stream from a text that is no position'
      await demandRefusal(stage.settled(Promise.resolve().then(broken), what), what, 'SYNC_POSITION')
    },
  },
  {
    id: 'SYNC-BP-02',
    level: 'MUST',
    sentence: 'What waits behind a hole is bounded, however much there is.',
    hint: 'Throw the buffer away when it is full: the log has it all.',
    async run(stage) {
      const definition = stage.define()
      const members = await stage.fleet(1, definition, { reorderWindow: '200ms' })
      const [member] = members
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      await writer.write('k', { n: '0' })
      await stage.settled(member.docs.get('k'), 'get')
      let most = 0
      for (let sent = 0; sent < FLOOD * 2; sent += GROUP) {
        const results = await writer.sendAll(
          Array.from({ length: GROUP }, (_, at) => writer.request('k', { n: String(sent + at) })),
        )
        const changes = results.flatMap((result) => (result.status === 'committed' ? [result.change] : []))
        // the first is lost: all the others wait for it
        await stage.settled(stage.bus.publish(section, sent === 0 ? changes.slice(1) : changes), 'publish')
        most = Math.max(most, member.sync.stats().buffered ?? 0)
      }
      demand(most <= FLOOD, `${most} changes wait behind a hole`)
      await stage.agree(members, 'k', { n: FLOOD * 2 - 1 }, stage.patience * 4)
    },
  },
  {
    id: 'SYNC-BP-03',
    level: 'MUST',
    sentence: 'A stream that falls too far behind is told so by a `reset` with the whole value, never by silence.',
    hint: 'Bound every backlog; what overflows becomes a reset.',
    async run(stage) {
      const definition = stage.define()
      const section = stage.sectionOf(definition)
      const writer = await stage.writer(section)
      await writer.write('k', { n: '0' })
      const members = await stage.fleet(1, definition)
      const [member] = members
      await stage.settled(member.docs.get('k'), 'get')
      const stream = member.docs.changes({ combine: false })[Symbol.asyncIterator]()
      const first = stream.next()
      for (let sent = 0; sent < FLOOD; sent += GROUP) {
        const results = await writer.sendAll(
          Array.from({ length: GROUP }, (_, at) => writer.request('k', { n: String(sent + at) })),
        )
        const changes = results.flatMap((result) => (result.status === 'committed' ? [result.change] : []))
        await stage.settled(stage.bus.publish(section, changes), 'publish')
      }
      await stage.agree(members, 'k', { n: FLOOD - 1 }, stage.patience * 4)
      let batch = await stage.settled(first, 'the first batch of a stream')
      let overflow: Change<Doc> | undefined
      let last = 0
      while (!overflow && last < FLOOD + 1) {
        for (const change of (batch.value ?? []) as readonly Change<Doc>[]) {
          last = change.version
          if (change.kind === 'reset' && change.reason === 'overflow') overflow = change
        }
        if (!overflow && last < FLOOD + 1)
          batch = await stage.settled(
            stream.next(),
            `the next batch of a stream that fell behind, after version ${last}`,
          )
      }
      await stream.return?.()
      demand(overflow, `a stream that ${FLOOD} changes waited for was not told of an overflow`)
      demandEqual('value' in overflow && overflow.value, { n: FLOOD - 1 }, 'the value after an overflow')
    },
  },
  {
    id: 'SYNC-TTL-06',
    level: 'MUST',
    sentence: 'A replica notices that its document expired, and tells `removed: expired`.',
    hint: 'Ask the store when the copy of the ttl lapses: expiry sends no message.',
    skip: (stage) => (stage.store.capabilities.ttl === false ? 'ttl: false: documents never expire' : undefined),
    async run(stage) {
      const life = 500 + 4 * (stage.store.capabilities.ttl || { granularityMs: 0 }).granularityMs
      const members = await stage.fleet(2, stage.define({ ttl: life }))
      const [a] = members
      await a.docs.set('k', { n: 1 })
      await stage.settled(Promise.all(members.map(({ docs }) => docs.get('k'))), 'get')
      const told: string[] = []
      for (const { docs } of members)
        docs.subscribe('k', (change) => told.push(change.kind === 'removed' ? change.reason : change.kind))
      await stage.agree(members, 'k', undefined, life * 4 + stage.patience)
      await stage.until(() => told.length >= 2, 'nobody was told that a document expired')
      demandEqual(told, ['expired', 'expired'], 'what watchers were told of an expired document')
    },
  },
  {
    id: 'SYNC-TTL-03',
    level: 'MUST',
    sentence: 'Reads keep a document of a sliding section alive; without reads it expires.',
    hint: 'Hits refresh the ttl in the store, at most every quarter of it.',
    skip: (stage) => (stage.store.capabilities.ttl === false ? 'ttl: false: documents never expire' : undefined),
    async run(stage) {
      const life = 1_000 + 4 * (stage.store.capabilities.ttl || { granularityMs: 0 }).granularityMs
      const definition = stage.define({ ttl: { after: life, sliding: true } })
      const [a] = await stage.fleet(1, definition)
      const writer = await stage.writer(stage.sectionOf(definition))
      await a.docs.set('read', { n: 1 })
      await a.docs.set('left', { n: 1 })
      const began = stage.now()
      while (stage.now() - began < life * 2.5) {
        await stage.settled(a.docs.get('read'), 'get')
        await stage.sleep(life / 10)
      }
      demandEqual(await writer.value('read'), { n: 1 }, 'a sliding document that was read all the time')
      demandEqual(await writer.value('left'), undefined, 'a sliding document that nobody read')
    },
  },
]

/** Reads a stream as fast as it comes. */
function collect(stage: SyncStage, member: Member<Doc>, options: object = {}) {
  const changes: Change<Doc>[] = []
  const control = new AbortController()
  const reading = (async () => {
    for await (const batch of member.docs.changes({ ...options, signal: control.signal })) changes.push(...batch)
  })()
  reading.catch(() => {})
  const stop = async (): Promise<void> => {
    control.abort()
    await stage.settled(reading, 'the end of a stream').catch(() => {})
  }
  stage.after(stop)
  return { changes, stop }
}
