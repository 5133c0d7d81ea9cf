import { readFileSync } from 'node:fs'
import { ArgumentError, type Change, ConflictError, type Operation } from '@sync/core'
import { type ReplayProgress, record, replay } from '@sync/core/recording'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { settled } from '../memory/listener.ts'
import { type Doc, documents, openTestInstance, type TestInstance } from './test-instance.ts'

const fixture = readFileSync(new URL('fixtures/recording-v1.jsonl', import.meta.url), 'utf8')

/** A recording of these lines. */
const recording = (...changes: object[]): string =>
  [
    { recording: 1, partition: 'eu', section: 'doc', from: 'now', at: 0 },
    ...changes.map((change, at) => ({ version: 1, position: `${at + 1}.e`, at: at * 1_000, ...change })),
    { end: changes.length },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')

const created = (key: string, value: Doc): object => ({ key, kind: 'created', value })
const pushed = (key: string, n: number): object => ({
  key,
  kind: 'changed',
  patch: [{ op: 'add', path: '/list/-', value: n }],
})

async function changesOf({ docs }: TestInstance): Promise<Change<Doc>[]> {
  const changes: Change<Doc>[] = []
  const options = { from: { after: `0.${(await docs.assign('mark', { n: 0 })).position.split('.')[1]}` } } as const
  for await (const batch of docs.changes({ ...options, until: 'now', combine: false })) changes.push(...batch)
  return changes.filter(({ key }) => key !== 'mark')
}

describe('replay()', () => {
  it('writes each creation, snapshot, patch and removal once, and reports its progress', async () => {
    await using studio = openTestInstance()
    await studio.docs.assign('x', { n: 9, nested: { gone: 1 } })
    const told: ReplayProgress[] = []
    const done = await replay([fixture], studio.docs, { onProgress: (progress) => told.push(progress) })
    expect(studio.stored()).toEqual({ x: { n: 2, list: [0, 1, 2] }, 'z ü\0': { n: 0 } })
    expect(done).toEqual({ line: 7, changes: 5, position: '12.e' })
    expect(told.at(-1)).toEqual(done)
    const changes = await changesOf(studio)
    expect(changes.filter(({ key }) => key === 'x').map(({ version, meta }) => [version, meta])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, { actor: 'ann' }],
    ])
  })

  it('restores a backup to another store', async () => {
    await using here = openTestInstance()
    await using there = openTestInstance()
    for (let n = 0; n < 600; n++) await here.docs.assign(`k${n}`, { n, list: [n] })
    for (let n = 0; n < 600; n += 7) await here.docs.delete(`k${n}`)
    await replay(record(here.docs, { until: 'now' }), there.docs)
    expect(there.stored()).toEqual(here.stored())
  })

  it('replays a recording while it is being written', async () => {
    await using here = openTestInstance()
    await using there = openTestInstance()
    const stop = new AbortController()
    const playing = replay(record(here.docs, { signal: stop.signal }), there.docs)
    await here.docs.assign('x', { n: 1 })
    await expect.poll(() => there.stored()).toEqual({ x: { n: 1 } })
    await here.docs.update('x', (doc) => void doc.n++)
    await expect.poll(() => there.stored()).toEqual({ x: { n: 2 } })
    stop.abort()
    expect(await playing).toMatchObject({ changes: 2 })
  })

  it('replays a damaged recording up to the damage', async () => {
    await using studio = openTestInstance()
    const lines = fixture.split('\n')
    const playing = replay([lines.with(3, '{"key":"x"').join('\n')], studio.docs)
    await expect(playing).rejects.toMatchObject({ code: 'SYNC_RECORDING', line: 4, reason: 'damaged' })
    expect(studio.stored()).toEqual({ x: { n: 1, list: [1, 2] }, y: { n: 5 } })
    await expect(replay(['{"recording":2}\n'], studio.docs)).rejects.toMatchObject({ line: 1, reason: 'newer' })
    expect(await replay([fixture], studio.docs, { after: 3 })).toEqual({ line: 7, changes: 3, position: '12.e' })
    expect(studio.stored()).toEqual({ x: { n: 2, list: [0, 1, 2] }, 'z ü\0': { n: 0 } })
  })

  it('stops at a rejected change: earlier ones are written, later ones of that document are not', async () => {
    const schema = z.object({ n: z.number().max(5), list: z.array(z.number()).optional() })
    await using studio = openTestInstance(documents({ schema } as never))
    const text = recording(
      created('x', { n: 1, list: [] }),
      created('y', { n: 1, list: [] }),
      { key: 'x', kind: 'changed', patch: [{ op: 'replace', path: '/n', value: 6 }] },
      pushed('x', 1),
      pushed('y', 1),
      pushed('y', 2),
    )
    await expect(replay([text], studio.docs)).rejects.toMatchObject({
      line: 4,
      reason: 'rejected',
      cause: { code: 'SYNC_REJECTED' },
    })
    const { x, y } = studio.stored() as { x: Doc; y: Doc }
    expect([x, y.n]).toEqual([{ n: 1, list: [] }, 1])
  })

  it('reports the first of several rejections, after all earlier changes are written', async () => {
    await using studio = openTestInstance()
    const { docs } = studio
    const [held, longer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = {
      ...docs,
      patch: async (key: string, ops: readonly Operation[]) => {
        if (key === 'slow') await held.promise
        if (key === 'slower') await longer.promise
        if (key === 'bad' || ops[0]?.value === -1) throw new ConflictError('no', { version: 1 })
        return docs.patch(key, ops)
      },
      set: docs.set.bind(docs),
    }
    const playing = replay(
      [
        recording(
          created('slow', { n: 0, list: [] }),
          pushed('slow', 1),
          pushed('slow', -1),
          pushed('slower', -1),
          pushed('bad', 1),
          created('late', { n: 0 }),
        ),
      ],
      slow as never,
    )
    const refused = expect(playing).rejects.toMatchObject({
      line: 4,
      reason: 'rejected',
      cause: { code: 'SYNC_CONFLICT' },
    })
    await settled()
    held.resolve()
    await settled()
    longer.resolve()
    await refused
    expect(studio.stored()).toMatchObject({ slow: { n: 0, list: [1] } })
  })

  it('rejects a patch of an absent document with its line', async () => {
    await using studio = openTestInstance()
    await expect(replay([recording(pushed('x', 1))], studio.docs)).rejects.toMatchObject({
      line: 2,
      reason: 'rejected',
      cause: { code: 'SYNC_NOT_FOUND' },
    })
  })

  it('writes nothing twice when repeated with the same id, and writes again with another', async () => {
    await using studio = openTestInstance()
    const text = recording(created('x', { n: 1, list: [] }), pushed('x', 1), pushed('x', 2))
    await replay([text], studio.docs, { id: 'r1' })
    await replay([text], studio.docs, { id: 'r1', after: 2 })
    expect(studio.stored()).toEqual({ x: { n: 1, list: [1, 2] } })
    await replay([text], studio.docs, { id: 'r2', after: 2 })
    expect(studio.stored()).toEqual({ x: { n: 1, list: [1, 2, 1, 2] } })
  })

  it('keeps the recorded intervals or divides them by speed, whatever snapshots say', async () => {
    for (const speed of [1, 4]) {
      const clock = createVirtualRuntime()
      const studio = openTestInstance(documents(), clock)
      const snapshot = { key: 's', kind: 'reset', reason: 'snapshot', at: 999_999_999, value: { n: 0 } }
      const text = recording(snapshot, created('x', { n: 1 }), created('y', { n: 1 }), created('z', { n: 1 }))
      const playing = replay([text], studio.docs, { speed, runtime: clock })
      const keys: string[] = []
      for (let second = 0; second < 3; second++) {
        await clock.advance(0)
        keys.push(Object.keys(studio.stored()).join(''))
        await clock.advance(1_000 / speed - 1)
        keys.push(Object.keys(studio.stored()).join(''))
        await clock.advance(1)
      }
      expect(keys).toEqual(['sx', 'sx', 'sxy', 'sxy', 'sxyz', 'sxyz'])
      expect(await playing).toMatchObject({ changes: 4 })
      const closing = studio.sync.close()
      await clock.advance(6_000)
      await closing
    }
  })

  it("stops at a rejection while waiting for the next change's time", async () => {
    const clock = createVirtualRuntime()
    await using studio = openTestInstance()
    const text = recording(pushed('x', 1), created('y', { n: 1 }))
    const playing = replay([text], studio.docs, { speed: 1, runtime: clock })
    await expect(playing).rejects.toMatchObject({ line: 2, reason: 'rejected' })
  })

  it('stops when the signal aborts, while waiting for time or for the source', async () => {
    const clock = createVirtualRuntime()
    await using studio = openTestInstance()
    const text = recording(created('x', { n: 1 }), created('y', { n: 1 }))
    const early = new AbortController()
    const told: ReplayProgress[] = []
    const options = { speed: 1, runtime: clock, signal: early.signal, onProgress: (p: ReplayProgress) => told.push(p) }
    const waiting = expect(replay([text], studio.docs, options)).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    await expect.poll(() => told.at(-1)?.line).toBe(2)
    early.abort()
    await waiting
    expect(studio.stored()).toEqual({ x: { n: 1 } })
    const late = new AbortController()
    const live = replay(record(studio.docs), studio.docs, { signal: late.signal })
    const ended = expect(live).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    await settled()
    late.abort()
    await ended
    await expect(replay([text], studio.docs, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'SYNC_ABORTED',
    })
  })

  it.each([
    ['lines', 0, 100, 300],
    ['text', 500_000, 5, 12],
  ])('reads no more %s than it can write', async (_, size, least, most) => {
    await using studio = openTestInstance()
    const padding = 'x'.repeat(size)
    let asked = 0
    async function* source(): AsyncGenerator<string> {
      yield `${recording().split('\n')[0]}\n`
      for (; asked < 400; asked++) {
        yield `${JSON.stringify({ ...created(`k${asked}`, { n: asked }), version: 1, position: '1.e', at: 0, padding })}\n`
      }
      yield '{"end":400}\n'
    }
    studio.hub.store.pause()
    const playing = replay(source(), studio.docs)
    await expect.poll(() => asked).toBeGreaterThan(least)
    for (let turn = 0; turn < 1_000; turn++) await settled()
    expect(asked).toBeLessThan(most)
    studio.hub.store.resume()
    expect(await playing).toMatchObject({ line: 402, changes: 400 })
  })

  it('stops when the signal aborts amid lines already read, and closes the source', async () => {
    await using studio = openTestInstance()
    const text = recording(...Array.from({ length: 2_000 }, (_, n) => created(`k${n}`, { n })))
    const stop = new AbortController()
    let closed = false
    async function* source(): AsyncGenerator<string> {
      try {
        yield text
        yield 'more'
      } finally {
        closed = true
      }
    }
    const onProgress = (): void => stop.abort()
    await expect(replay(source(), studio.docs, { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'SYNC_ABORTED',
    })
    expect(Object.keys(studio.stored()).length).toBeLessThan(600)
    expect(closed).toBe(true)
  })

  it.each([[{ speed: 0 }], [{ speed: Number.NaN }], [{ speed: 'fast' as never }], [{ after: -1 }], [{ id: '' }]])(
    'rejects the options %j',
    async (options) => {
      await using studio = openTestInstance()
      await expect(replay([fixture], studio.docs, options)).rejects.toBeInstanceOf(ArgumentError)
    },
  )
})
