import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHub, memoryStore } from '../../src/memory/index.ts'
import { ArgumentError, LimitError } from '../../src/model/errors.ts'
import { createManualRuntime } from './manual-runtime.ts'
import { committed, keysOf, Writer } from './writer.ts'

let writer: Writer
beforeEach(async () => {
  writer = await Writer.open(memoryStore(createMemoryHub({ runtime: createManualRuntime() })))
})

describe('commit() versions', () => {
  it("begins a generation at the commit's sequence, with every counter at 1", async () => {
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

  it('advances the document, the section and only the fields that it names', async () => {
    await writer.write('k', { a: '1', b: '2' })
    const result = await writer.write('k', { a: '3' })
    expect(result).toMatchObject({ generation: 1, version: 2, existed: true, state: { sequence: 2 } })
    const { document } = await writer.load('k')
    expect(document).toMatchObject({ generation: 1, version: 2, floor: 0, fieldVersions: { a: 2, b: 1 } })
    expect(await writer.value('k')).toEqual({ a: 3, b: 2 })
  })

  it('counts sections and partitions separately', async () => {
    await writer.write('k', { a: '1' })
    const other = await Writer.open(writer.store, 'user')
    expect(committed(await other.write('k', { a: '1' }))).toMatchObject({ generation: 1, sequence: 1 })
    const elsewhere = { partition: 'us', section: 'product', key: 'k' }
    const [loaded] = await writer.store.load([elsewhere])
    expect(loaded?.document).toBeUndefined()
    expect(loaded?.state.epoch).not.toBe(writer.state.epoch)
  })

  it('stores field texts verbatim, without parsing them', async () => {
    await writer.write('k', { big: '12345678901234567890.000', odd: 'not JSON' })
    expect((await writer.load('k')).document?.text).toBe('{"big":12345678901234567890.000,"odd":not JSON}')
  })

  it('sends meta with the change and stores an empty document', async () => {
    const change = committed(await writer.write('k', {}, { meta: { actor: 'ann' } }))
    expect(change).toMatchObject({ meta: { actor: 'ann' }, edits: [] })
    expect((await writer.load('k')).document?.text).toBe('{}')
  })
})

describe('commit() with removed fields', () => {
  it('returns the removal as an edit with the next version, and the re-added field continues counting', async () => {
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

  it('never lowers the floor', async () => {
    await writer.write('k', { a: '1', b: '1' })
    for (const value of ['2', '3', '4']) await writer.write('k', { a: value })
    await writer.write('k', { a: undefined })
    await writer.write('k', { b: undefined })
    expect((await writer.load('k')).document?.floor).toBe(5)
  })

  it('starts a new field above the previous floor, in any order of the fields', async () => {
    await writer.write('k', { a: '1' })
    await writer.write('k', { a: '2' })
    expect(committed(await writer.write('k', { a: undefined, b: '1' })).edits).toContainEqual({
      field: 'b',
      version: 1,
      kind: 'whole',
      value: 1,
    })
  })

  it('writes nothing when the removed field does not exist', async () => {
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

  it("removes every unnamed field with otherFields: 'remove', each as an edit", async () => {
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

describe('commit() with a deletion', () => {
  it("commits within the document's generation", async () => {
    await writer.write('k', { a: '1' })
    const result = await writer.delete('k')
    expect(result).toMatchObject({ status: 'committed', generation: 1, version: 2, existed: true })
    expect(committed(result)).toMatchObject({ edits: 'removed', sequence: 2 })
    expect(await writer.value('k')).toBeUndefined()
  })

  it('leaves a tombstone with its own generation when the document is absent', async () => {
    await writer.write('other', { a: '1' })
    const result = await writer.delete('k')
    expect(result).toMatchObject({ status: 'committed', generation: 2, version: 1, existed: false })
    expect(committed(result)).toMatchObject({ edits: 'removed', generation: 2, sequence: 2 })
  })

  it('gives a re-created document a higher generation and fresh counters', async () => {
    await writer.write('k', { a: '1' })
    await writer.write('k', { a: undefined })
    await writer.delete('k')
    expect(committed(await writer.write('k', { a: '1' }))).toMatchObject({ generation: 4, version: 1 })
    expect((await writer.load('k')).document).toMatchObject({ floor: 0, fieldVersions: { a: 1 } })
  })
})

describe('commit() with inner deltas', () => {
  const delta = (base: number): { ops: string; base: number } => ({ ops: '[[2,"/qty",7]]', base })
  const whole = '{"qty":7}'

  beforeEach(async () => {
    await writer.write('k', { book: '{"qty":1}' })
    await writer.write('k', { book: '{"qty":2}' })
  })

  it('sends the delta when generation and field version match its base, and stores the whole value', async () => {
    const expectation = { readAt: writer.state, generation: 1 }
    const fields = [{ field: 'book', whole, delta: delta(2) }]
    expect(committed(await writer.write('k', {}, { fields, expect: expectation })).edits).toEqual([
      { field: 'book', version: 3, kind: 'delta', ops: [{ op: 'replace', path: '/qty', value: 7 }] },
    ])
    expect(await writer.value('k')).toEqual({ book: { qty: 7 } })
  })

  it.each([
    ['the field has a newer version', 'k', 1, 1],
    ['no generation is expected', 'k', 2, undefined],
    ['the document is being created', 'new', 0, 0],
  ])('sends the whole value when %s', async (_, key, base, generation) => {
    const fields = [{ field: 'book', whole, delta: delta(base) }]
    const overrides = generation === undefined ? {} : { expect: { readAt: writer.state, generation } }
    const [edit] = committed(await writer.write(key, {}, { fields, ...overrides })).edits
    expect(edit).toMatchObject({ field: 'book', kind: 'whole', value: { qty: 7 } })
  })

  it('sends the whole value when the field is absent, at any floor', async () => {
    await writer.write('k', { book: undefined, a: '1' })
    const fields = [{ field: 'book', whole, delta: delta(3) }]
    const result = await writer.write('k', {}, { fields, expect: { readAt: writer.state, generation: 1 } })
    expect(committed(result).edits).toEqual([{ field: 'book', version: 4, kind: 'whole', value: { qty: 7 } }])
  })
})

describe('commit() with several requests', () => {
  it('returns one result per request, in order', async () => {
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

  it('runs writes to one key one after the other', async () => {
    const results = await writer.store.commit([
      writer.request('k', { a: '1' }),
      writer.request('k', { a: '2' }),
      writer.request('k', {}, { action: 'delete' }),
    ])
    expect(results.map(committed).map(({ version }) => version)).toEqual([1, 2, 3])
  })

  it('returns no results when there are no requests', async () => {
    expect(await writer.store.commit([])).toEqual([])
  })

  it.each([
    ['an empty key', { ref: { partition: 'eu', section: 'product', key: '' } }, ArgumentError],
    ['an empty section', { ref: { partition: 'eu', section: '', key: 'k' } }, ArgumentError],
    ['an empty partition', { ref: { partition: '', section: 'product', key: 'k' } }, ArgumentError],
    ['an empty op id', { op: { id: '', attempt: 1, idOrigin: { epoch: 'e', opResultCount: 0 } } }, ArgumentError],
    ['a field named twice', { fields: [{ field: 'a', whole: '1' }, { field: 'a' }] }, ArgumentError],
    ['a delta without its whole value', { fields: [{ field: 'a', delta: { ops: '[]', base: 1 } }] }, ArgumentError],
    ['a TTL of 0', { ttl: 0 }, ArgumentError],
    ['a TTL of NaN', { ttl: Number.NaN }, ArgumentError],
    ['null fields', { fields: null as never }, ArgumentError],
    ['meta that is not JSON', { meta: { a: 1n as never } }, ArgumentError],
  ])('fails only the request with %s, and leaves no trace of it', async (_, overrides, error) => {
    const [before, failed, after] = await writer.store.commit([
      writer.request('x', { a: '1' }),
      writer.request('k', { a: '1' }, overrides),
      writer.request('y', { a: '1' }),
    ])
    expect(failed).toMatchObject({ status: 'failed', state: { epoch: writer.state.epoch } })
    expect(failed?.status === 'failed' && failed.error).toBeInstanceOf(error)
    expect(committed(before).sequence).toBe(1)
    expect(committed(after).sequence).toBe(2)
    expect(after?.state.opResultCount).toBe(2)
  })

  it('limits field texts in bytes, to the byte', async () => {
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

  it.each(hostile)('accepts %j as a field name', async (name) => {
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

  it('returns no version for a field that was never set, even when Object.prototype has its name', async () => {
    await writer.write('k', { a: '1' })
    const { document } = await writer.load('k')
    expect(document?.fieldVersions['constructor']).toBeUndefined()
  })

  it.each(hostile.filter((name) => name !== ''))('accepts %j as a key, section and partition', async (name) => {
    const odd = await Writer.open(writer.store, name)
    const ref = { partition: name, section: name, key: name }
    const [sameNames, otherPartition] = await writer.store.heads([
      { scope: ref },
      { scope: { partition: 'eu', section: name } },
    ])
    expect(sameNames?.state.epoch).not.toBe(otherPartition?.state.epoch)
    expect(committed(await odd.write(name, { a: '1' })).key).toBe(name)
    expect(await odd.value(name)).toEqual({ a: 1 })
    expect(await keysOf(writer.store, { partition: 'eu', section: name })).toEqual([name])
  })
})
