import { sum } from '@sync/core'
import { apply } from '@sync/core/patch'
import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { type SyncTestContext, sortKeys, type TestDocument } from '../../context/sync-test-context.ts'
import type { Rule } from '../rule.ts'

/** Convergence of concurrent writes, and merging of changes. */
export const convergence: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-MRG-01',
    level: 'MUST',
    statement: 'Changes that arrive in any order produce the same document.',
    hint: 'Apply a change only if it is the next one; let an early change wait, or read it from the log.',
    async run(context) {
      for (const order of permutations([0, 1, 2, 3])) {
        const definition = context.define()
        const [instance] = await context.openInstances(1, definition)
        const section = context.sectionOf(definition)
        const writer = await context.writer(section)
        await writer.write('k', { n: '0', list: '[]' })
        assertEqual(await instance.docs.get('k'), { n: 0, list: [] }, 'the initial document')
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
    statement: 'A duplicate change has no effect on the document, and is not emitted to watchers.',
    hint: 'Drop every change at or below the sequence that the replica has reached.',
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
      assertEqual(reportedVersions, [2, 3, 4, 5, 6, 7], 'the versions that a watcher received')
    },
  },
  {
    id: 'SYNC-MRG-03',
    level: 'MUST',
    statement: "Concurrent writes of one field converge to the last one in the store's order.",
    hint: "The store's order decides; an instance must not prefer its own write.",
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
    statement: 'Instances whose clocks are hours apart converge to the same documents.',
    hint: 'Let sequences and versions decide, never a wall clock.',
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
        await context.withTimeout(docs.assign('k', { n, a: name }), 'assign')
        await context.withTimeout(Promise.all(instances.map((each) => each.docs.get('k'))), 'get')
        await context.expectConverged(instances, 'k', { n, a: name })
      }
    },
  },
  {
    id: 'SYNC-MRG-05',
    level: 'MUST',
    statement:
      'A delete wins over a concurrent update: the update rejects with SYNC_NOT_FOUND, and the document stays absent.',
    hint: 'An update requires the generation of the document that it read.',
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
    statement:
      'A patch that does not apply is rejected as a whole, reported as `patch-rejected`, and repaired by a reload.',
    hint: 'Apply it to a copy; on failure keep the old value, and load the document.',
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
      // The edit of the first field applies, the one of the second does not.
      const text = change.text.replace(/\["list",\d+,0,\[1,2,3\]\]/, '["list",2,1,[[0,"/0",7],[1,"/9"]]]')
      assertThat(text !== change.text, () => `a change text: expected a whole "list" field, got ${change.text}`)
      await context.withTimeout(context.bus.publish(section, [{ ...change, text }]), 'publish')
      await context.waitUntil(
        () => events.includes('patch-rejected'),
        () => `events after a patch that does not apply: expected patch-rejected, got ${events.join(', ') || 'none'}`,
      )
      await context.expectConverged(instances, 'k', { n: 2, list: [1, 2, 3] })
      assertEqual(
        [...seen],
        [JSON.stringify(sortKeys({ n: 2, list: [1, 2, 3] }))],
        'the values that a watcher received',
      )
    },
  },
  {
    id: 'SYNC-MRG-07',
    level: 'MUST',
    statement:
      'JSON Pointers follow RFC 6901 in every field; `__proto__` and similar names are rejected and change nothing.',
    hint: 'Unescape `~1` before `~0`, follow own members only, and reject forbidden names on both sides.',
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
        const document = JSON.parse(`{"n":1,"a":{"${name}":{"polluted":true}}}`) as TestDocument
        const what = `a write with a member named ${name}`
        await assertRejects(context.withTimeout(a.docs.assign('k', document), what), what, 'SYNC_NOT_JSON')
      }
      const writer = await context.writer(section)
      const { change } = await writer.write('k', { a: '{}' })
      const text = change.text.replace(/\["a",(\d+),0,\{\}\]/, '["a",$1,1,[[0,"/__proto__/polluted",true]]]')
      await context.withTimeout(context.bus.publish(section, [{ ...change, text }]), 'publish')
      const divergence = await context.expectConverged(instances, 'k', { n: 0, a: {} }).catch((error: Error) => error)
      const polluted = 'polluted' in {}
      Reflect.deleteProperty(Object.prototype, 'polluted')
      assertThat(!polluted, 'a received patch has modified Object.prototype')
      if (divergence) throw divergence
    },
  },
  {
    id: 'SYNC-MRG-08',
    level: 'MUST',
    statement: 'Combined changes produce the same document as the single changes.',
    hint: 'Apply a combined patch to the value before its first change.',
    async run(context) {
      const [a, b] = await context.openInstances(2, context.define())
      await a.docs.create('k', { n: 0, list: [] })
      await context.withTimeout(b.docs.get('k'), 'get')
      const streams = [true, false].map((combine) => b.docs.changes({ combine, key: 'k' })[Symbol.asyncIterator]())
      // A stream starts with the first call of next.
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
      assertEqual(ends[0], ends[1], 'the document after combined changes, compared with single changes')
      assertEqual(ends[1], b.docs.peek('k'), 'the document after single changes, compared with the replica')
    },
  },
  {
    id: 'SYNC-MRG-09',
    level: 'MUST',
    statement: 'Concurrent nested edits of one field by recipes are all kept, and so are sums.',
    hint: 'An update is never blind: its recipe runs again on the newer value.',
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
        'increments, nested members and sum after 18 concurrent updates each',
      )
      await context.expectConverged(instances, 'k', final)
    },
  },
  {
    id: 'SYNC-CAS-01',
    level: 'MUST',
    statement:
      'Of concurrent `compareAndSet` calls that expect one version, exactly one succeeds; the others get the current version and value.',
    hint: 'A precondition carries epoch, generation and version.',
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
          'concurrent calls of compareAndSet',
        )
        const winners = answers.flatMap(({ ok }, by) => (ok ? [by] : []))
        assertThat(
          winners.length === 1,
          `3 concurrent calls of compareAndSet with version ${version}: expected one to succeed, got ${winners.length}`,
        )
        const value = version * 10 + (winners[0] ?? 0)
        for (const answer of answers) {
          if (answer.ok)
            assertEqual(answer.fieldVersion, version + 1, 'the field version in the answer of the successful call')
          else assertEqual(answer, { ok: false, fieldVersion: version + 1, value }, 'the answer of a failed call')
        }
        await context.expectConverged(instances, 'k', { n: value })
      }
    },
  },
]

const fail = (): never => {
  throw new Error('no such instance')
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((first, at) =>
    permutations(list.filter((_, other) => other !== at)).map((rest) => [first, ...rest]),
  )
}
