import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { StoreTestContext } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** Falsy and empty values, none of which means "missing". */
const EMPTY = ['null', '""', 'false', '0', '{}', '[]']

/** Reads and writes of documents. */
export const documents: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-01',
    level: 'MUST',
    statement:
      'A load of a missing document returns the section state and no document; null, "", false, 0, {} and [] are values.',
    hint: 'Test for existence, not for truthiness; the answer for an absent document has a position too.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('other', { f: '1' })
      const absent = await writer.load('missing')
      assertEqual(absent.document, undefined, 'the document of a key that was never written')
      assertEqual(absent.state.sequence, 1, 'the sequence of the answer for an absent document')
      for (const [at, text] of EMPTY.entries()) {
        await writer.write(`k${at}`, { f: text })
        assertEqual(await writer.value(`k${at}`), { f: JSON.parse(text) }, `a document with the field ${text}`)
      }
      await writer.write('bare', {})
      assertEqual(await writer.value('bare'), {}, 'a document without fields')
    },
  },
  {
    id: 'STORE-ST-02',
    level: 'MUST',
    statement: 'A write replaces the fields that it names, and keeps or removes the others as `otherFields` says.',
    hint: "`otherFields: 'keep'` leaves all other fields alone; `'remove'` removes them and keeps their counters.",
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { a: '1', b: '2', c: '3' })
      await writer.write('k', { a: '"new"', b: undefined })
      assertEqual(await writer.value('k'), { a: 'new', c: 3 }, 'the document after a partial write')
      await writer.write('k', { z: '26' }, { otherFields: 'remove' })
      assertEqual(await writer.value('k'), { z: 26 }, 'the document after a write of all fields')
    },
  },
  {
    id: 'STORE-ST-03',
    level: 'MUST',
    statement: 'A re-created document has a higher generation, so that no pair of generation and version repeats.',
    hint: 'The generation is the sequence of the commit that created the document; deleting an absent document increments the sequence too.',
    async run(context) {
      const writer = await context.writer()
      const seen = new Set<string>()
      let last = 0
      const recordVersion = (generation: number, version: number): void => {
        const id = `${generation}/${version}`
        assertThat(!seen.has(id), `key "k": generation ${generation}, version ${version} repeated`)
        seen.add(id)
      }
      for (let round = 0; round < 4; round++) {
        const created = await writer.write('k', { f: String(round) })
        assertThat(
          created.generation > last,
          `key "k", re-created: expected a generation above ${last}, got ${created.generation}`,
        )
        assertEqual(
          created.generation,
          created.change.sequence,
          'the generation of a new document (its first sequence)',
        )
        assertEqual([created.version, created.existed], [1, false], 'version and `existed` of a new document')
        recordVersion(created.generation, created.version)
        const changed = await writer.write('k', { f: '"again"' })
        assertEqual(
          [changed.generation, changed.version],
          [created.generation, 2],
          'generation and version after a second commit',
        )
        recordVersion(changed.generation, changed.version)
        const deleted = await writer.delete('k')
        recordVersion(deleted.generation, deleted.version)
        assertEqual((await writer.load('k')).document, undefined, 'a deleted document')
        const before = writer.state.sequence
        const again = await writer.delete('k')
        assertEqual(
          [again.existed, again.change.sequence],
          [false, before + 1],
          'delete of an absent document: `existed` and sequence',
        )
        last = created.generation
      }
    },
  },
  {
    id: 'STORE-ST-04',
    level: 'MUST',
    statement: 'Every client reads a write as soon as its commit was answered.',
    hint: 'Never read from a replica of the server, and answer only when the write is visible.',
    async run(context) {
      const writer = await context.writer()
      const other = await context.writer({ store: await context.open(), section: writer.section })
      for (let n = 1; n <= 30; n++) {
        const { version } = await writer.write('k', { n: String(n) })
        for (const [readerName, reader] of [
          ['the writer', writer],
          ['another client', other],
        ] as const) {
          const { document, state } = await reader.load('k')
          assertThat(
            document?.version === version && document.text.includes(String(n)) && state.sequence >= n,
            `${readerName} reads "k": expected the answered version ${version}, got ${document?.version}`,
          )
        }
      }
    },
  },
  {
    id: 'STORE-ST-09',
    level: 'MUST',
    statement: 'The fields of one write become visible together or not at all.',
    hint: 'Use one transaction or script per document, and check everything that can fail before the first write.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { a: '0', b: '0', c: '0' })
      const reader = await context.writer({ store: await context.open(), section: writer.section })
      let stopped = false
      const reading = (async () => {
        while (!stopped) {
          const value = (await reader.value('k')) as { a: number; b: number; c: number }
          assertThat(
            value.a === value.b && value.b === value.c,
            `a read returned a partial write: ${JSON.stringify(value)}`,
          )
        }
      })()
      reading.catch(() => {})
      for (let n = 1; n <= 60; n++) await writer.write('k', { a: String(n), b: String(n), c: String(n) })
      stopped = true
      await context.withTimeout(reading, 'reading')
      const { changes } = await context.withTimeout(
        context.store.changesSince(writer.section, { epoch: writer.state.epoch, sequence: 0 }, 1_000),
        'changesSince',
      )
      assertEqual(changes.length, 61, 'changes in the log after 61 commits of several fields')
    },
  },
  {
    id: 'STORE-ST-10',
    level: 'MUST',
    statement: 'A load returns document, versions and section state as of one instant.',
    hint: "Read the document and the section's counters in one step of the server.",
    async run(context) {
      const writer = await context.writer()
      const other = await context.writer({ store: await context.open(), section: writer.section })
      await writer.write('k', { n: '1' })
      let stopped = false
      const reading = (async () => {
        while (!stopped) {
          const { document, state } = await other.load('k')
          const { n } = JSON.parse(document?.text ?? '{}') as { n: number }
          const versionsRead = [document?.version, document?.fieldVersions['n'], state.sequence]
          assertThat(
            versionsRead.every((each) => each === n),
            `a torn read: field n is ${n}, but version, field version and sequence are ${versionsRead.join(', ')}`,
          )
        }
      })()
      reading.catch(() => {})
      for (let n = 2; n <= 60; n++) await writer.write('k', { n: String(n) })
      stopped = true
      await context.withTimeout(reading, 'reading')
    },
  },
  {
    id: 'STORE-ST-11',
    level: 'MUST',
    statement: 'Each field counts its own versions, and a removed field keeps its counter in the floor.',
    hint: 'Increment only the counters of written fields; the version of every absent field is the highest counter of a removed one.',
    async run(context) {
      const writer = await context.writer()
      const versions = async () => {
        const { document } = await writer.load('k')
        return { ...document?.fieldVersions, floor: document?.floor }
      }
      await writer.write('k', { a: '1', b: '1' })
      assertEqual(await versions(), { a: 1, b: 1, floor: 0 }, 'field versions of a new document')
      await writer.write('k', { a: '2' })
      await writer.write('k', { a: '3' })
      assertEqual(await versions(), { a: 3, b: 1, floor: 0 }, 'field versions after two writes of one field')
      await writer.write('k', { a: undefined })
      assertEqual(await versions(), { b: 1, floor: 4 }, 'field versions after removing a field of version 3')
      await writer.write('k', { a: '1', c: '1' })
      assertEqual(
        await versions(),
        { a: 5, b: 1, c: 5, floor: 4 },
        'field versions after adding a removed and a new field',
      )
      const removed = await writer.send(writer.request('k', { missing: undefined }))
      assertEqual(removed.status, 'unchanged', 'the answer to removing an absent field')
    },
  },
  {
    id: 'STORE-ST-13',
    level: 'MUST',
    statement:
      '`keys` lists every existing document of the section and no other, and a prefix selects keys that begin with it.',
    hint: 'Read all pages, match the whole address up to the key, and escape patterns in the prefix.',
    async run(context) {
      const writer = await context.writer()
      const sibling = await context.writer({ section: { ...writer.section, section: `${writer.section.section}x` } })
      const expectedKeys: string[] = []
      for (let n = 0; n < 60; n++) expectedKeys.push(n % 3 === 0 ? `a:${n}` : n % 3 === 1 ? `a*${n}` : `b${n}`)
      for (const key of expectedKeys) await writer.write(key, { f: '1' })
      await sibling.write('of-another-section', { f: '1' })
      await writer.write('deleted', { f: '1' })
      await writer.delete('deleted')
      const list = async (prefix?: string): Promise<string[]> => (await writer.keys({ prefix, limit: 7 })).sort()
      assertEqual(await list(), [...expectedKeys].sort(), 'the keys of the section')
      for (const prefix of ['a', 'a:', 'a*', 'b1', '*', 'missing'])
        assertEqual(
          await list(prefix),
          expectedKeys.filter((key) => key.startsWith(prefix)).sort(),
          `the keys with the prefix ${JSON.stringify(prefix)}`,
        )
    },
  },
  {
    id: 'STORE-ST-14',
    level: 'MUST',
    statement: 'Changing a request or an answer afterwards does not affect the store or other callers.',
    hint: 'Copy or freeze: read a request when it is sent, and return new objects.',
    async run(context) {
      const writer = await context.writer()
      const request = writer.request('k', { f: '"given"' })
      const sending = writer.send(request)
      const field = request.fields[0] as { whole: string; field: string }
      const result = await sending
      field.whole = '"changed"'
      field.field = 'other'
      assertEqual(await writer.value('k'), { f: 'given' }, 'the document after changing its request')
      const loaded = await writer.load('k')
      for (const part of [loaded.document, loaded.document?.fieldVersions, loaded.state, result])
        for (const name of Object.keys(part ?? {})) Reflect.set(part as object, name, 'changed')
      const again = await writer.load('k')
      assertEqual(again.document?.text, '{"f":"given"}', 'the document after changing an answer')
      assertEqual({ ...again.document?.fieldVersions }, { f: 1 }, 'field versions after changing an answer')
      assertEqual(again.state.sequence, 1, 'the sequence after changing an answer')
    },
  },
  {
    id: 'STORE-ST-17',
    level: 'MUST',
    statement: 'Numbers keep all their digits, beyond 2^53 and 1e14, and nested JSON keeps its text.',
    hint: 'A value is opaque text: never parse it on its way, least of all in Lua.',
    async run(context) {
      const writer = await context.writer()
      const texts = [
        '9007199254740993',
        '100000000000000',
        '-0',
        '1e308',
        '1.10',
        '123456789012345678901234567890',
        '0.1',
        '1E5',
      ]
      for (const [at, text] of texts.entries()) {
        await writer.write(`k${at}`, { f: text })
        const { document } = await writer.load(`k${at}`)
        assertThat(document?.text.includes(text), () => `a number: expected ${text}, got ${document?.text}`)
      }
      const nested = '{"a":[],"b":{},"c":[{}],"z":1,"y":2}'
      await writer.write('nested', { f: nested })
      assertThat(
        (await writer.load('nested')).document?.text.includes(nested),
        'nested JSON: expected the same empty arrays, empty objects and order of members',
      )
    },
  },
  {
    id: 'STORE-LOAD-01',
    level: 'MUST',
    statement:
      'A load answers every reference in request order, across sections, and an empty request with an empty list.',
    hint: 'Answer by index, also for references that are absent or repeated.',
    async run(context) {
      const [one, two] = [await context.writer(), await context.writer()]
      await one.write('a', { f: '"one a"' })
      await two.write('a', { f: '"two a"' })
      await two.write('b', { f: '"two b"' })
      const refs = [two.ref('b'), one.ref('missing'), one.ref('a'), two.ref('a'), two.ref('b')]
      const loaded = await context.withTimeout(context.store.load(refs), 'load')
      assertEqual(
        loaded.map(({ document, state }) => [document && JSON.parse(document.text).f, state.sequence]),
        [
          ['two b', 2],
          [undefined, 1],
          ['one a', 1],
          ['two a', 2],
          ['two b', 2],
        ],
        'value and sequence of each document in a load of five documents',
      )
      assertEqual(await context.withTimeout(context.store.load([]), 'an empty load'), [], 'an empty load')
    },
  },
]
