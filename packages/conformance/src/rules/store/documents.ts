import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { StoreTestContext } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** Values that are not "missing", however empty. */
const EMPTY = ['null', '""', 'false', '0', '{}', '[]']

/** What is written, and what is read of it. */
export const documents: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-01',
    level: 'MUST',
    statement:
      'A missing document is answered without one but with its standing; null, "", false, 0, {} and [] are values.',
    hint: 'Tell absence by existence, never by the truth of a value; an absent document has a place in history too.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('other', { f: '1' })
      const absent = await writer.load('nobody')
      assertEqual(absent.document, undefined, 'the document of a key that was never written')
      assertEqual(absent.state.sequence, 1, 'the sequence told with an absent document')
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
    statement: 'A write replaces the fields it names; the others stay, or go where it says so.',
    hint: "`others: 'keep'` touches nothing else; `'remove'` removes what is not named, with its counter kept.",
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { a: '1', b: '2', c: '3' })
      await writer.write('k', { a: '"new"', b: undefined })
      assertEqual(await writer.value('k'), { a: 'new', c: 3 }, 'the document after a partial write')
      await writer.write('k', { z: '26' }, { otherFields: 'remove' })
      assertEqual(await writer.value('k'), { z: 26 }, 'the document after a write of all of it')
    },
  },
  {
    id: 'STORE-ST-03',
    level: 'MUST',
    statement: 'A document deleted and made again has a higher generation: no (generation, version) comes twice.',
    hint: 'The generation is the sequence of the first commit of this life; deleting what is absent moves the sequence too.',
    async run(context) {
      const writer = await context.writer()
      const seen = new Set<string>()
      let last = 0
      const recordVersion = (generation: number, version: number): void => {
        const id = `${generation}/${version}`
        assertThat(!seen.has(id), `key "k": generation ${generation}, version ${version} came twice`)
        seen.add(id)
      }
      for (let life = 0; life < 4; life++) {
        const created = await writer.write('k', { f: String(life) })
        assertThat(
          created.generation > last,
          `key "k": generation ${created.generation} after ${last}: not higher in a new life`,
        )
        assertEqual(created.generation, created.change.sequence, 'the generation of a new document: its first sequence')
        assertEqual([created.version, created.existed], [1, false], 'version and existence before, of a new document')
        recordVersion(created.generation, created.version)
        const changed = await writer.write('k', { f: '"again"' })
        assertEqual(
          [changed.generation, changed.version],
          [created.generation, 2],
          'generation and version of a second commit',
        )
        recordVersion(changed.generation, changed.version)
        const gone = await writer.delete('k')
        recordVersion(gone.generation, gone.version)
        assertEqual((await writer.load('k')).document, undefined, 'a deleted document')
        const before = writer.state.sequence
        const again = await writer.delete('k')
        assertEqual(
          [again.existed, again.change.sequence],
          [false, before + 1],
          'delete of an absent document: existed, sequence',
        )
        last = created.generation
      }
    },
  },
  {
    id: 'STORE-ST-04',
    level: 'MUST',
    statement: 'Whoever was answered a commit reads it, through any client, at once.',
    hint: 'Never read from a replica of the server; answer only when the write is visible.',
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
            `${readerName} reads version ${document?.version} of "k" after version ${version} was answered`,
          )
        }
      }
    },
  },
  {
    id: 'STORE-ST-09',
    level: 'MUST',
    statement: 'Several fields of a write are there together, or none of them.',
    hint: 'One transaction or script per document; everything that can fail is checked before the first write.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { a: '0', b: '0', c: '0' })
      const reader = await context.writer({ store: await context.open(), section: writer.section })
      let stopped = false
      const reading = (async () => {
        while (!stopped) {
          const value = (await reader.value('k')) as { a: number; b: number; c: number }
          assertThat(value.a === value.b && value.b === value.c, `a read saw half a write: ${JSON.stringify(value)}`)
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
    statement: 'A load shows one instant: document, versions and standing belong together.',
    hint: "Read all of a document, and the section's counters, in one step of the server.",
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
            `a torn read: field n = ${n} with version, field version, sequence ${versionsRead.join(', ')}`,
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
    statement: 'Each field counts its own versions; a removed one keeps its counter in the floor.',
    hint: 'Bump only what is written; the version of every absent field is the highest counter of a removed one.',
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
      assertEqual(await versions(), { b: 1, floor: 4 }, 'field versions after the removal of a field at 3')
      await writer.write('k', { a: '1', c: '1' })
      assertEqual(await versions(), { a: 5, b: 1, c: 5, floor: 4 }, 'field versions after fields came (again)')
      const gone = await writer.send(writer.request('k', { nobody: undefined }))
      assertEqual(gone.status, 'unchanged', 'the answer to removing a field that is not there')
    },
  },
  {
    id: 'STORE-ST-13',
    level: 'MUST',
    statement:
      '`keys` lists every living document of the section, and no other; a prefix filters by the beginning of the key.',
    hint: 'Page through all of it; match the whole address up to the key, and escape patterns in a prefix.',
    async run(context) {
      const writer = await context.writer()
      const sibling = await context.writer({ section: { ...writer.section, section: `${writer.section.section}x` } })
      const wanted: string[] = []
      for (let n = 0; n < 60; n++) wanted.push(n % 3 === 0 ? `a:${n}` : n % 3 === 1 ? `a*${n}` : `b${n}`)
      for (const key of wanted) await writer.write(key, { f: '1' })
      await sibling.write('of-another-section', { f: '1' })
      await writer.write('gone', { f: '1' })
      await writer.delete('gone')
      const list = async (prefix?: string): Promise<string[]> => {
        const keys = new Set<string>()
        const all = (async () => {
          for await (const key of context.store.keys(writer.section, prefix === undefined ? {} : { prefix }))
            keys.add(key)
        })()
        await context.withTimeout(all, 'keys')
        return [...keys].sort()
      }
      assertEqual(await list(), [...wanted].sort(), 'the keys of the section')
      for (const prefix of ['a', 'a:', 'a*', 'b1', '*', 'nobody'])
        assertEqual(
          await list(prefix),
          wanted.filter((key) => key.startsWith(prefix)).sort(),
          `the keys with the prefix ${JSON.stringify(prefix)}`,
        )
    },
  },
  {
    id: 'STORE-ST-14',
    level: 'MUST',
    statement: 'What a caller changes afterwards in what it gave or got is not seen by anybody.',
    hint: 'Copy or freeze: requests are read when they are sent, answers are new objects.',
    async run(context) {
      const writer = await context.writer()
      const request = writer.request('k', { f: '"given"' })
      const sending = writer.send(request)
      const field = request.fields[0] as { whole: string; field: string }
      const result = await sending
      field.whole = '"changed"'
      field.field = 'other'
      assertEqual(await writer.value('k'), { f: 'given' }, 'the document after its request was changed')
      const got = await writer.load('k')
      for (const part of [got.document, got.document?.fieldVersions, got.state, result])
        for (const name of Object.keys(part ?? {})) Reflect.set(part as object, name, 'changed')
      const again = await writer.load('k')
      assertEqual(again.document?.text, '{"f":"given"}', 'the document after what was read was changed')
      assertEqual({ ...again.document?.fieldVersions }, { f: 1 }, 'field versions after what was read was changed')
      assertEqual(again.state.sequence, 1, 'the sequence after what was read was changed')
    },
  },
  {
    id: 'STORE-ST-17',
    level: 'MUST',
    statement:
      'Numbers come back as they were written: beyond 2^53 and 1e14, with all their digits, and the texts around them.',
    hint: 'A value is an opaque text: it is never parsed on its way, least of all in Lua.',
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
        assertThat(document?.text.includes(text), () => `the number ${text} was read back as ${document?.text}`)
      }
      const nested = '{"a":[],"b":{},"c":[{}],"z":1,"y":2}'
      await writer.write('nested', { f: nested })
      assertThat(
        (await writer.load('nested')).document?.text.includes(nested),
        'empty arrays, empty objects and the order of members came back otherwise',
      )
    },
  },
  {
    id: 'STORE-LOAD-01',
    level: 'MUST',
    statement:
      'A load of several documents answers in their order, of whatever sections they are; none asked, none answered.',
    hint: 'Answer by place, also where a document is absent or asked for twice.',
    async run(context) {
      const [one, two] = [await context.writer(), await context.writer()]
      await one.write('a', { f: '"one a"' })
      await two.write('a', { f: '"two a"' })
      await two.write('b', { f: '"two b"' })
      const refs = [two.ref('b'), one.ref('nobody'), one.ref('a'), two.ref('a'), two.ref('b')]
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
        'a load of five documents of two sections: value and sequence of each',
      )
      assertEqual(await context.withTimeout(context.store.load([]), 'load of nothing'), [], 'a load of nothing')
    },
  },
]
