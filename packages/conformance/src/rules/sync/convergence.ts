import { sum } from '@sync/core'
import { apply } from '@sync/core/patch'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { type SyncTestContext, sortKeys, type TestDocument } from '../../context/sync-test-context.ts'
import type { Rule } from '../rule.ts'

/** Concurrent writes, and what becomes of them everywhere. */
export const convergence: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-MRG-01',
    level: 'MUST',
    statement: 'Changes that arrive in any order make the same document.',
    hint: 'A change is applied when it is next; one that is ahead waits, or is asked for.',
    async run(context) {
      for (const order of permutations([0, 1, 2, 3])) {
        const definition = context.define()
        const [instance] = await context.openInstances(1, definition)
        const section = context.sectionOf(definition)
        const writer = await context.writer(section)
        await writer.write('k', { n: '0', list: '[]' })
        assertEqual(await instance.docs.get('k'), { n: 0, list: [] }, 'the document at the beginning')
        const { generation } = await writer.expectation('k')
        const changes = []
        for (let n = 1; n <= 4; n++) {
          const expect = { readAt: writer.state, generation }
          const fields = [
            { field: 'n', whole: String(n) },
            { field: 'list', whole: JSON.stringify(Array(n).fill(0)), delta: { ops: '[[0,"/-",0]]', base: n } },
          ]
          changes.push((await writer.write('k', {}, { expect, fields })).change)
        }
        for (const at of order) {
          const change = changes[at]
          if (change) await context.withTimeout(context.bus.publish(section, [change]), 'publish')
        }
        await context.expectConverged([instance], 'k', { n: 4, list: [0, 0, 0, 0] })
        await context.withTimeout(instance.sync.close(), 'close')
      }
    },
  },
  {
    id: 'SYNC-MRG-02',
    level: 'MUST',
    statement: 'A change that comes twice counts once, for the document and for who watches it.',
    hint: 'Drop what is at or below the sequence as of which the copy is known.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition)
      const [, b] = instances
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      const created = (await writer.write('k', { n: '0', list: '[]' })).change
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      const reportedVersions: number[] = []
      b.docs.subscribe('k', ({ version }) => reportedVersions.push(version))
      const { generation } = await writer.expectation('k')
      for (let n = 1; n <= 5; n++) {
        const whole = JSON.stringify(Array.from({ length: n }, (_, at) => at + 1))
        const fields = [{ field: 'list', whole, delta: { ops: `[[0,"/-",${n}]]`, base: n } }]
        const { change } = await writer.write('k', {}, { fields, expect: { readAt: writer.state, generation } })
        for (const each of [change, change, created, change])
          await context.withTimeout(context.bus.publish(section, [each]), 'publish')
      }
      await context.expectConverged(instances, 'k', { n: 0, list: [1, 2, 3, 4, 5] })
      await b.docs.assign('k', { n: 9 })
      await context.expectConverged(instances, 'k', { n: 9, list: [1, 2, 3, 4, 5] })
      assertEqual(reportedVersions, [2, 3, 4, 5, 6, 7], 'the versions that a watcher of a key was told')
    },
  },
  {
    id: 'SYNC-MRG-03',
    level: 'MUST',
    statement: "Concurrent writes of one field end alike everywhere: the store's last one.",
    hint: 'The order of the store decides; nobody prefers its own.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(3, definition)
      for (let round = 0; round < 10; round++) {
        const key = `k${round % 3}`
        await context.withTimeout(
          Promise.all(instances.map(({ docs, name }) => docs.assign(key, { n: round, a: `${round} by ${name}` }))),
          'concurrent writes of one field',
        )
        await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get(key))), 'get')
        const writer = await context.writer(context.sectionOf(definition))
        await context.expectConverged(instances, key, await writer.value(key))
      }
    },
  },
  {
    id: 'SYNC-MRG-04',
    level: 'MUST',
    statement: 'Clocks that are an hour apart, or go backwards, change nothing.',
    hint: 'No wall clock decides: sequences and versions do.',
    async run(context) {
      const definition = context.define()
      const ahead = await context.open({ skew: 3_600_000 })
      const behind = await context.open({ skew: -3_600_000 })
      const instances = [ahead, behind].map((sync, at) => ({
        name: at === 0 ? 'ahead' : 'behind',
        sync,
        docs: context.collectionOf(sync, definition),
      }))
      for (let n = 0; n < 6; n++) {
        const { docs, name } = instances[n % 2] ?? instances[0] ?? fail()
        await context.withTimeout(docs.assign('k', { n, a: name }), 'set')
        await context.withTimeout(Promise.all(instances.map((each) => each.docs.get('k'))), 'get')
        await context.expectConverged(instances, 'k', { n, a: name })
      }
    },
  },
  {
    id: 'SYNC-MRG-05',
    level: 'MUST',
    statement: 'A delete wins over an update of what it deleted: SYNC_NOT_FOUND, and nothing comes back.',
    hint: 'An update asserts the life of the document that it read.',
    async run(context) {
      const instances = await context.openInstances(2, context.define())
      const [a, b] = instances
      for (let round = 0; round < 5; round++) {
        const key = `k${round}`
        await a.docs.create(key, { n: round })
        await context.withTimeout(b.docs.get(key), 'get')
        await context.withTimeout(a.docs.delete(key), 'delete')
        const update = b.docs.update(key, (doc) => {
          doc.n = 99
        })
        const what = 'an update of a deleted document'
        await assertRejects(context.withTimeout(update, what), what, 'SYNC_NOT_FOUND')
        await context.expectConverged(instances, key, undefined)
      }
    },
  },
  {
    id: 'SYNC-MRG-06',
    level: 'MUST',
    statement: 'A change that does not fit is refused whole, told as `patch-rejected`, and the document loaded anew.',
    hint: 'Apply to a copy; on failure keep what was, and load.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(1, definition)
      const section = context.sectionOf(definition)
      const writer = await context.writer(section)
      await writer.write('k', { n: '1', list: '[1,2]' })
      const [instance] = instances
      await context.withTimeout(instance.docs.get('k'), 'get')
      const events: string[] = []
      const seen = new Set<string>()
      instance.sync.onEvent(({ type }) => events.push(type))
      instance.docs.subscribe('k', (change) =>
        seen.add(JSON.stringify('value' in change ? sortKeys(change.value) : change.kind)),
      )
      const { change } = await writer.write('k', { n: '2', list: '[1,2,3]' })
      // the first field fits, the second does not
      const text = change.text.replace(/\["list",\d+,0,\[1,2,3\]\]/, '["list",2,1,[[0,"/0",7],[1,"/9"]]]')
      assertThat(text !== change.text, () => `the change has another form than expected: ${change.text}`)
      await context.withTimeout(context.bus.publish(section, [{ ...change, text }]), 'publish')
      await context.waitUntil(
        () => events.includes('patch-rejected'),
        () => `a change that does not fit was not told as patch-rejected, but ${events.join(', ') || 'not at all'}`,
      )
      await context.expectConverged(instances, 'k', { n: 2, list: [1, 2, 3] })
      assertEqual([...seen], [JSON.stringify(sortKeys({ n: 2, list: [1, 2, 3] }))], 'what a watcher was shown')
    },
  },
  {
    id: 'SYNC-MRG-07',
    level: 'MUST',
    statement:
      'Pointers mean what RFC 6901 says, in every field; `__proto__` and its like are refused and touch nothing.',
    hint: 'Unescape `~1` before `~0`; own members only; forbidden names are refused on both ways.',
    async run(context) {
      const definition = context.define()
      const instances = await context.openInstances(2, definition)
      const section = context.sectionOf(definition)
      const [a] = instances
      const names = ['~', '/', '~0', '~1', '', '-', '0', 'a/b~c', ' ']
      const nested = Object.fromEntries(names.map((name) => [name, { deep: 1 }]))
      await a.docs.create('k', { n: 0, a: nested })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      for (const name of names)
        await a.docs.update('k', (doc) => {
          ;(doc.a as Record<string, { deep: number }>)[name] = { deep: 2 }
        })
      await context.expectConverged(instances, 'k', {
        n: 0,
        a: Object.fromEntries(names.map((name) => [name, { deep: 2 }])),
      })
      for (const name of ['__proto__', 'constructor', 'prototype']) {
        const own = JSON.parse(`{"n":1,"a":{"${name}":{"polluted":true}}}`) as TestDocument
        const what = `a write of a member called ${name}`
        await assertRejects(context.withTimeout(a.docs.assign('k', own), what), what, 'SYNC_NOT_JSON')
      }
      const writer = await context.writer(section)
      const { change } = await writer.write('k', { a: '{}' })
      const text = change.text.replace(/\["a",(\d+),0,\{\}\]/, '["a",$1,1,[[0,"/__proto__/polluted",true]]]')
      await context.withTimeout(context.bus.publish(section, [{ ...change, text }]), 'publish')
      const agreed = await context.expectConverged(instances, 'k', { n: 0, a: {} }).catch((error: Error) => error)
      const polluted = 'polluted' in {}
      Reflect.deleteProperty(Object.prototype, 'polluted')
      assertThat(!polluted, 'a received patch has reached into the prototype of all objects')
      if (agreed) throw agreed
    },
  },
  {
    id: 'SYNC-MRG-08',
    level: 'MUST',
    statement: 'Changes that were combined while they waited make the same document as one by one.',
    hint: 'Compacted patches are applied to the value before the first of them.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define())
      await a.docs.create('k', { n: 0, list: [] })
      await context.withTimeout(b.docs.get('k'), 'get')
      const streams = [true, false].map((combine) => b.docs.changes({ combine, key: 'k' })[Symbol.asyncIterator]())
      // a stream begins when it is first asked
      const firsts = streams.map((stream) => stream.next())
      const commits = 25
      for (let n = 1; n <= commits; n++) {
        await a.docs.update('k', (doc) => {
          doc.n = n
          if (n % 3 === 0) doc.list?.shift()
          else doc.list?.push({ id: n })
        })
        if (n === 1) await context.withTimeout(Promise.all(firsts), 'the first change of a stream')
      }
      const ends: unknown[] = []
      for (const [at, stream] of streams.entries()) {
        let document: unknown = { n: 0, list: [] }
        let seen = 0
        let batch = await firsts[at]
        while (seen < commits) {
          for (const change of batch?.value ?? []) {
            seen += change.commits
            if (change.kind === 'changed') document = apply(document as never, change.patch)
            else if ('value' in change) document = change.value
          }
          if (seen < commits) batch = await context.withTimeout(stream.next(), 'the next batch of a stream')
        }
        ends.push(document)
        await stream.return?.()
      }
      assertEqual(ends[0], ends[1], 'the document by combined changes, against one by one')
      assertEqual(ends[1], b.docs.peek('k'), 'the document by its changes, against the replica')
    },
  },
  {
    id: 'SYNC-MRG-09',
    level: 'MUST',
    statement: 'Nested concurrent edits of one field by recipes all survive, and so do sums.',
    hint: 'An update is never blind: it runs again on the newer value.',
    async run(context) {
      const definition = context.define({ merge: { b: sum as never } })
      const instances = await context.openInstances(3, definition)
      await instances[0].docs.create('k', { n: 0, a: {}, b: 0 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      const rounds = 6
      await context.withTimeout(
        Promise.all(
          instances.map(async ({ docs, name }) => {
            for (let n = 0; n < rounds; n++) {
              await docs.update('k', (doc) => {
                doc.n++
                ;(doc.a as Record<string, number>)[`${name}${n}`] = n
              })
              await docs.update('k', (doc) => {
                doc.b = (doc.b as number) + 1
              })
            }
          }),
        ),
        'concurrent updates',
        context.stateTimeout * 6,
      )
      const writer = await context.writer(context.sectionOf(definition))
      const final = (await writer.value('k')) as TestDocument
      assertEqual(
        [final.n, Object.keys(final.a ?? {}).length, final.b],
        [18, 18, 18],
        'increments, nested members, sum after 18 concurrent updates each',
      )
      await context.expectConverged(instances, 'k', final)
    },
  },
  {
    id: 'SYNC-CAS-01',
    level: 'MUST',
    statement:
      'Of concurrent `compareAndSet`s expecting one version, one wins; the others are told the version and value there are.',
    hint: 'Expectations carry epoch, generation and version.',
    async run(context) {
      const instances = await context.openInstances(3, context.define())
      await instances[0].docs.create('k', { n: 0 })
      await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get('k'))), 'get')
      for (let version = 1; version <= 8; version++) {
        const answers = await context.withTimeout(
          Promise.all(
            instances.map(({ docs }, by) =>
              docs.compareAndSet('k', 'n', version * 10 + by, { expectedVersion: version }),
            ),
          ),
          'concurrent trySets',
        )
        const winners = answers.flatMap(({ ok }, by) => (ok ? [by] : []))
        assertThat(winners.length === 1, `${winners.length} of 3 concurrent trySets that expect version ${version} won`)
        const value = version * 10 + (winners[0] ?? 0)
        for (const answer of answers) {
          if (answer.ok) assertEqual(answer.fieldVersion, version + 1, 'the field version told to the winner')
          else assertEqual(answer, { ok: false, fieldVersion: version + 1, value }, 'what a loser was told')
        }
        await context.expectConverged(instances, 'k', { n: value })
      }
    },
  },
]

const fail = (): never => {
  throw new Error('no such member')
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((first, at) =>
    permutations(list.filter((_, other) => other !== at)).map((rest) => [first, ...rest]),
  )
}
