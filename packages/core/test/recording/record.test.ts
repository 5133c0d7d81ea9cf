import { readFileSync } from 'node:fs'
import { defineCollection } from '@sync/core'
import { type RecordingLine, readRecording, record } from '@sync/core/recording'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { settled } from '../memory/listener.ts'
import { openTestInstance, textOf } from './test-instance.ts'

const parse = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

async function linesOf(text: string): Promise<RecordingLine[]> {
  const lines: RecordingLine[] = []
  for await (const line of readRecording([text])) lines.push(line)
  return lines
}

describe('record()', () => {
  it("returns every document and ends when until is 'now'", async () => {
    await using instance = openTestInstance()
    await instance.docs.assign('x', { n: 1 })
    await instance.docs.assign('y', { n: 2 })
    const [start, x, y, bookmark, end] = parse(await textOf(record(instance.docs, { until: 'now' })))
    expect(start).toEqual({ recording: 2, partition: 'eu', section: 'doc', from: 'snapshot', at: expect.any(Number) })
    expect(x).toMatchObject({ key: 'x', kind: 'reset', reason: 'snapshot', version: 1, value: { n: 1 } })
    expect(y).toMatchObject({ key: 'y', kind: 'reset', position: expect.stringMatching(/^2\./) })
    expect(bookmark).toEqual({ position: expect.stringMatching(/^2\./), synced: 'snapshot' })
    expect(end).toEqual({ end: 2 })
  })

  it('writes each change as a line with its patch and meta, and ends the recording when the signal aborts', async () => {
    const cluster = createTestCluster({ instances: 1 })
    const docs = cluster.instances[0]?.collection(
      defineCollection<{ n: number; list: number[] }>({ section: 'doc', ttl: 'never' }),
      { partition: 'eu' },
    )
    if (!docs) throw new Error('no instance')
    const stop = new AbortController()
    const recording = textOf(record(docs, { from: 'now', signal: stop.signal, runtime: cluster.clock }))
    await cluster.clock.advance(10)
    await docs.create('x', { n: 1, list: [1] }, { meta: { actor: 'ann' } })
    await docs.update('x', (doc) => void doc.list.push(2))
    await docs.delete('x')
    await cluster.clock.advance(10)
    stop.abort()
    const common = { key: 'x', at: expect.any(Number), position: expect.any(String) }
    expect(parse(await recording)).toEqual([
      { recording: 2, partition: 'eu', section: 'doc', from: 'now', at: cluster.clock.now() - 20 },
      { ...common, kind: 'created', version: 1, meta: { actor: 'ann' }, value: { n: 1, list: [1] } },
      { ...common, kind: 'changed', version: 2, patch: [{ op: 'replace', path: '/list', value: [1, 2] }] },
      { ...common, kind: 'removed', version: 3, reason: 'deleted' },
      { end: 3 },
    ])
    await cluster[Symbol.asyncDispose]()
  })

  it('writes each commit as its own line, even when the lines are requested later', async () => {
    await using instance = openTestInstance()
    const lines = record(instance.docs, { from: 'now' })
    await lines.next()
    const first = lines.next()
    await settled()
    for (let n = 1; n <= 4; n++) await instance.docs.assign('x', { n })
    const rest = [await first, await lines.next(), await lines.next(), await lines.next()]
    expect(rest.map(({ value }) => JSON.parse(value as string).version)).toEqual([1, 2, 3, 4])
    await lines.return()
  })

  it('continues where another recording ended', async () => {
    await using instance = openTestInstance()
    for (let n = 1; n <= 3; n++) await instance.docs.assign('x', { n })
    const first = await linesOf(await textOf(record(instance.docs, { until: 'now' })))
    await instance.docs.assign('x', { n: 4 })
    const [last] = first.flatMap((line) => ('change' in line ? [line.change.position] : [])).slice(-1)
    const second = parse(await textOf(record(instance.docs, { from: { after: last as string }, until: 'now' })))
    expect(second).toMatchObject([
      { from: { after: last } },
      { kind: 'changed', version: 4 },
      { synced: 'log' },
      { end: 1 },
    ])
  })

  it('records a position of an empty section, from which another recording continues', async () => {
    await using instance = openTestInstance()
    const [, empty] = await linesOf(await textOf(record(instance.docs, { until: 'now' })))
    const after = empty && 'bookmark' in empty ? empty.bookmark.position : ''
    await instance.docs.assign('x', { n: 1 })
    const next = parse(await textOf(record(instance.docs, { from: { after }, until: 'now' })))
    expect(next).toMatchObject([{ recording: 2 }, { kind: 'created', version: 1 }, { synced: 'log' }, { end: 1 }])
  })

  it('leaves the recording without an end when the caller stops reading', async () => {
    await using instance = openTestInstance()
    await instance.docs.assign('x', { n: 1 })
    const lines: string[] = []
    for await (const line of record(instance.docs)) {
      lines.push(line)
      if (lines.length === 2) break
    }
    await expect(linesOf(lines.join(''))).rejects.toMatchObject({
      code: 'SYNC_RECORDING',
      reason: 'truncated',
      line: 3,
    })
  })

  it("rejects a section with subscribeBy 'document', and an invalid position", async () => {
    await using cluster = createTestCluster({ instances: 1 })
    const definition = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', subscribeBy: 'document' })
    const docs = cluster.instances[0]?.collection(definition, { partition: 'eu' })
    await expect(textOf(record(docs as never))).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    await using instance = openTestInstance()
    await expect(textOf(record(instance.docs, { from: { after: 'x' } }))).rejects.toMatchObject({
      code: 'SYNC_POSITION',
    })
  })
})

describe('readRecording()', () => {
  it('reads recordings of the first release, in pieces of any size', async () => {
    const file = readFileSync(new URL('fixtures/recording-v1.jsonl', import.meta.url))
    const whole = await linesOf(file.toString())
    expect(whole.map((line) => Object.keys(line)[2])).toEqual(['start', ...Array(5).fill('change'), 'end'])
    for (const size of [1, 2, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
        file.subarray(i * size, (i + 1) * size),
      )
      const read: RecordingLine[] = []
      for await (const line of readRecording(pieces)) read.push(line)
      expect(read).toEqual(whole)
    }
  })

  const good = readFileSync(new URL('fixtures/recording-v1.jsonl', import.meta.url), 'utf8').split('\n')
  const replaced = (line: number, text: string): string => good.with(line - 1, text).join('\n')

  it.each([
    ['an empty text', '', 1, 'truncated'],
    ['a text that is not a recording', '{"t":1}\n', 1, 'damaged'],
    ['a later release', replaced(1, '{"recording":3,"sections":[]}'), 1, 'newer'],
    ['a start without section', replaced(1, '{"recording":1,"partition":"eu","from":"now","at":0}'), 1, 'damaged'],
    [
      'a start with an invalid from',
      replaced(1, '{"recording":1,"partition":"p","section":"s","from":1,"at":0}'),
      1,
      'damaged',
    ],
    ['invalid JSON', replaced(3, '{"key":'), 3, 'damaged'],
    ['a line that is not an object', replaced(3, '[]'), 3, 'damaged'],
    ['an empty line', replaced(4, ''), 4, 'damaged'],
    ['a second start', replaced(4, good[0] as string), 4, 'damaged'],
    ['an unknown kind', replaced(4, (good[3] as string).replace('changed', 'charged')), 4, 'damaged'],
    ['a change without patch', replaced(4, (good[3] as string).replace('"patch"', '"path"')), 4, 'damaged'],
    ['a creation without value', replaced(6, (good[5] as string).replace('{"n":0}', '3')), 6, 'damaged'],
    ['an invalid meta', replaced(4, (good[3] as string).replace('"ann"', '1')), 4, 'damaged'],
    ['a missing line', good.toSpliced(2, 1).join('\n'), 6, 'damaged'],
    ['a line after the end', `${good.join('\n')}{"end":5}\n`, 8, 'damaged'],
    ['a missing end', good.slice(0, 6).join('\n'), 7, 'truncated'],
    ['half a line', good.join('\n').slice(0, good.slice(0, 4).join('\n').length + 20), 5, 'truncated'],
  ])('rejects %s with its line', async (_, text, line, reason) => {
    await expect(linesOf(text)).rejects.toMatchObject({ code: 'SYNC_RECORDING', line, reason })
  })

  it('rejects bytes that are not UTF-8 with their line, and reports a cut character as truncated', async () => {
    const bytes = Buffer.from(good.join('\n'))
    const at = bytes.indexOf('ü')
    const broken = Buffer.from(bytes)
    broken[at] = 0xff
    const read = async (chunk: Uint8Array): Promise<void> => {
      for await (const _ of readRecording([chunk]));
    }
    await expect(read(broken)).rejects.toMatchObject({ line: 6, reason: 'damaged' })
    await expect(read(bytes.subarray(0, at + 1))).rejects.toMatchObject({ line: 6, reason: 'truncated' })
  })

  it('rejects an endless line before it fills the memory', async () => {
    function* endless(): Generator<Uint8Array> {
      const piece = new Uint8Array(1024 * 1024).fill(32)
      for (;;) yield piece
    }
    await expect(async () => {
      for await (const _ of readRecording(endless()));
    }).rejects.toMatchObject({ line: 1, reason: 'damaged', message: expect.stringContaining('64 MiB') })
  })
})
