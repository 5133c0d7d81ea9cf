import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryHub, memoryStore } from '../../src/memory/index.ts'
import { ArgumentError, LimitError } from '../../src/model/errors.ts'
import { createManualRuntime } from './manual-runtime.ts'
import { committed, keysOf, Writer } from './writer.ts'

let writer: Writer
beforeEach(async () => {
  writer = await Writer.open(memoryStore(createMemoryHub({ runtime: createManualRuntime() })))
})

describe('versions', () => {
  test('a first write begins a generation at its own sequence, with every counter at 1', async () => {
    await writer.write('other', { a: '0' })
    const result = await writer.write('k', { a: '1', b: '"x"' })
    expect(result).toMatchObject({ status: 'committed', generation: 2, version: 1, existed: false })
    expect(committed(result)).toEqual({
      key: 'k',
      epoch: writer.state.epoch,
      origin: 'writer',
      generation: 2,
      version: 1,
      sequence: 2,
      time: 1_000,
      edits: [
        { field: 'a', version: 1, kind: 'whole', value: 1 },
        { field: 'b', version: 1, kind: 'whole', value: 'x' },
      ],
    })
  })

  test('a later write advances the document, the section and only the fields it names', async () => {
    await writer.write('k', { a: '1', b: '2' })
    const result = await writer.write('k', { a: '3' })
    expect(result).toMatchObject({ generation: 1, version: 2, existed: true, state: { sequence: 2 } })
    const { document } = await writer.load('k')
    expect(document).toMatchObject({ generation: 1, version: 2, floor: 0, fieldVersions: { a: 2, b: 1 } })
    expect(await writer.value('k')).toEqual({ a: 3, b: 2 })
  })

  test('sections and partitions count apart', async () => {
    await writer.write('k', { a: '1' })
    const other = await Writer.open(writer.store, 'user')
    expect(committed(await other.write('k', { a: '1' }))).toMatchObject({ generation: 1, sequence: 1 })
    const elsewhere = { partition: 'us', section: 'product', key: 'k' }
    const [loaded] = await writer.store.load([elsewhere])
    expect(loaded?.document).toBeUndefined()
    expect(loaded?.state.epoch).not.toBe(writer.state.epoch)
  })

  test('field texts are kept as they are, never parsed', async () => {
    await writer.write('k', { big: '12345678901234567890.000', odd: 'not JSON' })
    expect((await writer.load('k')).document?.text).toBe('{"big":12345678901234567890.000,"odd":not JSON}')
  })

  test('meta travels with the change, an empty document is one', async () => {
    const change = committed(await writer.write('k', {}, { meta: { actor: 'ann' } }))
    expect(change).toMatchObject({ meta: { actor: 'ann' }, edits: [] })
    expect((await writer.load('k')).document?.text).toBe('{}')
  })
})

describe('removed fields', () => {
  test('a removal is an edit with the next version; coming back the field goes on counting', async () => {
    await writer.write('k', { a: '1', b: '2' })
    await writer.write('k', { a: '2' })
    expect(committed(await writer.write('k', { a: undefined })).edits).toEqual([
      { field: 'a', version: 3, kind: 'removed' },
    ])
    expect((await writer.load('k')).document).toMatchObject({ text: '{"b":2}', floor: 3, fieldVersions: { b: 1 } })
    expect(committed(await writer.write('k', { a: '1' })).edits).toEqual([
      { field: 'a', version: 4, kind: 'whole', value: 1 },
    ])
  })

  test('the floor never sinks', async () => {
    await writer.write('k', { a: '1', b: '1' })
    for (const value of ['2', '3', '4']) await writer.write('k', { a: value })
    await writer.write('k', { a: undefined })
    await writer.write('k', { b: undefined })
    expect((await writer.load('k')).document?.floor).toBe(5)
  })

  test('what was absent before the commit starts above the floor of before it, in whatever order it is named', async () => {
    await writer.write('k', { a: '1' })
    await writer.write('k', { a: '2' })
    expect(committed(await writer.write('k', { a: undefined, b: '1' })).edits).toContainEqual({
      field: 'b',
      version: 1,
      kind: 'whole',
      value: 1,
    })
  })

  test('removing what is not there is nothing to write', async () => {
    await writer.write('k', { a: '1' })
    const result = await writer.write('k', { b: undefined })
    expect(result).toMatchObject({
      status: 'unchanged',
      current: { generation: 1, version: 1 },
      state: { sequence: 1 },
    })
    const mixed = committed(await writer.write('k', { b: undefined, a: '2' }))
    expect(mixed.edits).toEqual([{ field: 'a', version: 2, kind: 'whole', value: 2 }])
  })

  test("'remove' takes away every field that is not named, each as an edit", async () => {
    await writer.write('k', { a: '1', b: '2', c: '3' })
    const change = committed(await writer.write('k', { b: '9' }, { otherFields: 'remove' }))
    expect(change.edits).toEqual([
      { field: 'b', version: 2, kind: 'whole', value: 9 },
      { field: 'a', version: 2, kind: 'removed' },
      { field: 'c', version: 2, kind: 'removed' },
    ])
    expect(await writer.value('k')).toEqual({ b: 9 })
  })
})

describe('deletion', () => {
  test('is a commit of the same life', async () => {
    await writer.write('k', { a: '1' })
    const result = await writer.delete('k')
    expect(result).toMatchObject({ status: 'committed', generation: 1, version: 2, existed: true })
    expect(committed(result)).toMatchObject({ edits: 'removed', sequence: 2 })
    expect(await writer.value('k')).toBeUndefined()
  })

  test('of what is absent leaves a tombstone with a generation of its own', async () => {
    await writer.write('other', { a: '1' })
    const result = await writer.delete('k')
    expect(result).toMatchObject({ status: 'committed', generation: 2, version: 1, existed: false })
    expect(committed(result)).toMatchObject({ edits: 'removed', generation: 2, sequence: 2 })
  })

  test('a document made again has a higher generation and fresh counters', async () => {
    await writer.write('k', { a: '1' })
    await writer.write('k', { a: undefined })
    await writer.delete('k')
    expect(committed(await writer.write('k', { a: '1' }))).toMatchObject({ generation: 4, version: 1 })
    expect((await writer.load('k')).document).toMatchObject({ floor: 0, fieldVersions: { a: 1 } })
  })
})

describe('inner deltas', () => {
  const delta = (base: number): { ops: string; base: number } => ({ ops: '[[2,"/qty",7]]', base })
  const whole = '{"qty":7}'

  beforeEach(async () => {
    await writer.write('k', { book: '{"qty":1}' })
    await writer.write('k', { book: '{"qty":2}' })
  })

  test('travel where life and field version are those they were taken from; the store keeps the whole', async () => {
    const expectation = { readAt: writer.state, generation: 1 }
    const fields = [{ field: 'book', whole, delta: delta(2) }]
    expect(committed(await writer.write('k', {}, { fields, expect: expectation })).edits).toEqual([
      { field: 'book', version: 3, kind: 'delta', ops: [{ op: 'replace', path: '/qty', value: 7 }] },
    ])
    expect(await writer.value('k')).toEqual({ book: { qty: 7 } })
  })

  test.each([
    ['the field moved on', 'k', 1, 1],
    ['no life was expected', 'k', 2, undefined],
    ['the document is only coming into being', 'new', 0, 0],
  ])('travel whole where %s', async (_, key, base, generation) => {
    const fields = [{ field: 'book', whole, delta: delta(base) }]
    const over = generation === undefined ? {} : { expect: { readAt: writer.state, generation } }
    const [edit] = committed(await writer.write(key, {}, { fields, ...over })).edits
    expect(edit).toMatchObject({ field: 'book', kind: 'whole', value: { qty: 7 } })
  })

  test('travel whole onto a field that is absent, whatever the floor says', async () => {
    await writer.write('k', { book: undefined, a: '1' })
    const fields = [{ field: 'book', whole, delta: delta(3) }]
    const result = await writer.write('k', {}, { fields, expect: { readAt: writer.state, generation: 1 } })
    expect(committed(result).edits).toEqual([{ field: 'book', version: 4, kind: 'whole', value: { qty: 7 } }])
  })
})

describe('a group', () => {
  test('is answered in order, each request for itself', async () => {
    await writer.write('k', { a: '1' })
    const other = await Writer.open(writer.store, 'user')
    const absent = { readAt: writer.state, generation: 0 }
    const results = await writer.store.commit([
      writer.request('k', { a: '2' }, { expect: absent }),
      writer.request('', { a: '2' }),
      other.request('u', { a: '1' }),
      writer.request('k', { a: '3' }, { ttl: -1 }),
      writer.request('k', { a: '4' }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['conflict', 'failed', 'committed', 'failed', 'committed'])
    expect(results.map(({ state }) => state.sequence)).toEqual([1, 1, 1, 1, 2])
    expect(await writer.value('k')).toEqual({ a: 4 })
  })

  test('writes to one key in one group follow each other', async () => {
    const results = await writer.store.commit([
      writer.request('k', { a: '1' }),
      writer.request('k', { a: '2' }),
      writer.request('k', {}, { action: 'delete' }),
    ])
    expect(results.map(committed).map(({ version }) => version)).toEqual([1, 2, 3])
  })

  test('an empty group is answered by nothing', async () => {
    expect(await writer.store.commit([])).toEqual([])
  })

  test.each([
    ['an empty key', { ref: { partition: 'eu', section: 'product', key: '' } }, ArgumentError],
    ['an empty section', { ref: { partition: 'eu', section: '', key: 'k' } }, ArgumentError],
    ['an empty partition', { ref: { partition: '', section: 'product', key: 'k' } }, ArgumentError],
    ['an empty op id', { op: { id: '', attempt: 1, idOrigin: { epoch: 'e', opResultCount: 0 } } }, ArgumentError],
    ['a field named twice', { fields: [{ field: 'a', whole: '1' }, { field: 'a' }] }, ArgumentError],
    ['an inner patch alone', { fields: [{ field: 'a', delta: { ops: '[]', base: 1 } }] }, ArgumentError],
    ['a TTL of 0', { ttl: 0 }, ArgumentError],
    ['a TTL that is no number', { ttl: Number.NaN }, ArgumentError],
    ['what is no request at all', { fields: null as never }, ArgumentError],
    ['meta that is no JSON', { meta: { a: 1n as never } }, ArgumentError],
  ])('%s fails alone, leaves no trace and claims no other epoch', async (_, over, error) => {
    const [before, failed, after] = await writer.store.commit([
      writer.request('x', { a: '1' }),
      writer.request('k', { a: '1' }, over),
      writer.request('y', { a: '1' }),
    ])
    expect(failed).toMatchObject({ status: 'failed', state: { epoch: writer.state.epoch } })
    expect(failed?.status === 'failed' && failed.error).toBeInstanceOf(error)
    expect(committed(before).sequence).toBe(1)
    expect(committed(after).sequence).toBe(2)
    expect(after?.state.opResultCount).toBe(2)
  })

  test('field texts are limited in bytes, to the byte', async () => {
    const store = memoryStore(createMemoryHub({ maxCommitBytes: 10 }))
    expect(store.capabilities.maxCommitBytes).toBe(10)
    const small = await Writer.open(store)
    expect(await small.write('k', { a: '"äöü"', b: '12' })).toMatchObject({ status: 'committed' })
    const result = await small.write('k', { a: '"äöü"', b: '123' })
    expect(result.status === 'failed' && result.error).toBeInstanceOf(LimitError)
  })
})

describe('names', () => {
  const hostile = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    '',
    ' ',
    'a"b',
    'a\\',
    '\0',
    '\n',
    '{x}',
    '\u00e9',
    'e\u0301',
    '🦄',
    '\ud800',
  ]

  test.each(hostile)('field %j is a field like any other', async (name) => {
    const fields = [
      { field: name, whole: '{"polluted":true}' },
      { field: 'plain', whole: '1' },
    ]
    const change = committed(await writer.write('k', {}, { fields }))
    expect(change.edits).toMatchObject([{ field: name, version: 1 }, { field: 'plain' }])
    const { document } = await writer.load('k')
    expect(document?.text).toBe(`{${JSON.stringify(name)}:{"polluted":true},"plain":1}`)
    expect(Object.entries(document?.fieldVersions ?? {})).toEqual([
      [name, 1],
      ['plain', 1],
    ])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()

    const expected = { readAt: writer.state, fields: Object.fromEntries([[name, 2]]) }
    expect(await writer.write('k', { plain: '2' }, { expect: expected })).toMatchObject({
      reason: 'field',
      field: name,
    })
    expect(committed(await writer.write('k', {}, { fields: [{ field: name }] })).edits).toEqual([
      { field: name, version: 2, kind: 'removed' },
    ])
    expect(await writer.value('k')).toEqual({ plain: 1 })
  })

  test('a field that was never set has no version, though every object has a member of its name', async () => {
    await writer.write('k', { a: '1' })
    const { document } = await writer.load('k')
    expect(document?.fieldVersions['constructor']).toBeUndefined()
  })

  test.each(hostile.filter((name) => name !== ''))(
    'key, section and partition %j are names like any other',
    async (name) => {
      const odd = await Writer.open(writer.store, name)
      const ref = { partition: name, section: name, key: name }
      const [here, there] = await writer.store.heads([{ scope: ref }, { scope: { partition: 'eu', section: name } }])
      expect(here?.state.epoch).not.toBe(there?.state.epoch)
      expect(committed(await odd.write(name, { a: '1' })).key).toBe(name)
      expect(await odd.value(name)).toEqual({ a: 1 })
      expect(await keysOf(writer.store, { partition: 'eu', section: name })).toEqual([name])
    },
  )
})
