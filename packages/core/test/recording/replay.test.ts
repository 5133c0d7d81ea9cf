import { readFileSync } from 'node:fs'
import { ArgumentError, type Change, ConflictError, type Operation } from '@sync/core'
import { type ReplayProgress, record, replay } from '@sync/core/recording'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { settled } from '../memory/listener.ts'
import { type Doc, documents, openTestInstance, type TestInstance } from './test-instance.ts'

const fixture = readFileSync(new URL('fixtures/recording-v1.jsonl', import.meta.url), 'utf8')

/** Returns a recording of the changes, one second apart. */
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
    await using instance = openTestInstance()
    await instance.docs.assign('x', { n: 9, nested: { gone: 1 } })
    const progress: ReplayProgress[] = []
    const done = await replay([fixture], instance.docs, { onProgress: (each) => progress.push(each) })
    expect(instance.stored()).toEqual({ x: { n: 2, list: [0, 1, 2] }, 'z ü\0': { n: 0 } })
    expect(done).toEqual({ line: 7, changes: 5, position: '12.e' })
    expect(progress.at(-1)).toEqual(done)
    const changes = await changesOf(instance)
    expect(changes.filter(({ key }) => key === 'x').map(({ version, meta }) => [version, meta])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, { actor: 'ann' }],
    ])
  })

  it('restores a backup to another store', async () => {
    await using source = openTestInstance()
    await using target = openTestInstance()
    for (let n = 0; n < 600; n++) await source.docs.assign(`k${n}`, { n, list: [n] })
    for (let n = 0; n < 600; n += 7) await source.docs.delete(`k${n}`)
    await replay(record(source.docs, { until: 'now' }), target.docs)
    expect(target.stored()).toEqual(source.stored())
  })

  it('replays a recording while it is being written', async () => {
    await using source = openTestInstance()
    await using target = openTestInstance()
    const stop = new AbortController()
    const playing = replay(record(source.docs, { signal: stop.signal }), target.docs)
    await source.docs.assign('x', { n: 1 })
    await expect.poll(() => target.stored()).toEqual({ x: { n: 1 } })
    await source.docs.update('x', (doc) => void doc.n++)
    await expect.poll(() => target.stored()).toEqual({ x: { n: 2 } })
    stop.abort()
    expect(await playing).toMatchObject({ changes: 2 })
  })

  it('replays a damaged recording up to the damage', async () => {
    await using instance = openTestInstance()
    const lines = fixture.split('\n')
    const playing = replay([lines.with(3, '{"key":"x"').join('\n')], instance.docs)
    await expect(playing).rejects.toMatchObject({ code: 'SYNC_RECORDING', line: 4, reason: 'damaged' })
    expect(instance.stored()).toEqual({ x: { n: 1, list: [1, 2] }, y: { n: 5 } })
    await expect(replay(['{"recording":3}\n'], instance.docs)).rejects.toMatchObject({ line: 1, reason: 'newer' })
    expect(await replay([fixture], instance.docs, { after: 3 })).toEqual({ line: 7, changes: 3, position: '12.e' })
    expect(instance.stored()).toEqual({ x: { n: 2, list: [0, 1, 2] }, 'z ü\0': { n: 0 } })
  })

  it('stops at a rejected change: earlier ones are written, later ones of that document are not', async () => {
    const schema = z.object({ n: z.number().max(5), list: z.array(z.number()).optional() })
    await using instance = openTestInstance(documents({ schema } as never))
    const text = recording(
      created('x', { n: 1, list: [] }),
      created('y', { n: 1, list: [] }),
      { key: 'x', kind: 'changed', patch: [{ op: 'replace', path: '/n', value: 6 }] },
      pushed('x', 1),
      pushed('y', 1),
      pushed('y', 2),
    )
    await expect(replay([text], instance.docs)).rejects.toMatchObject({
      line: 4,
      reason: 'rejected',
      cause: { code: 'SYNC_REJECTED' },
    })
    const { x, y } = instance.stored() as { x: Doc; y: Doc }
    expect([x, y.n]).toEqual([{ n: 1, list: [] }, 1])
  })

  it('reports the first of several rejections, after all earlier changes are written', async () => {
    await using instance = openTestInstance()
    const { docs } = instance
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
    expect(instance.stored()).toMatchObject({ slow: { n: 0, list: [1] } })
  })

  it('rejects a patch of an absent document with its line', async () => {
    await using instance = openTestInstance()
    await expect(replay([recording(pushed('x', 1))], instance.docs)).rejects.toMatchObject({
      line: 2,
      reason: 'rejected',
      cause: { code: 'SYNC_NOT_FOUND' },
    })
  })

  it('writes nothing twice when repeated with the same id, and writes again with another', async () => {
    await using instance = openTestInstance()
    const text = recording(created('x', { n: 1, list: [] }), pushed('x', 1), pushed('x', 2))
    await replay([text], instance.docs, { id: 'r1' })
    await replay([text], instance.docs, { id: 'r1', after: 2 })
    expect(instance.stored()).toEqual({ x: { n: 1, list: [1, 2] } })
    await replay([text], instance.docs, { id: 'r2', after: 2 })
    expect(instance.stored()).toEqual({ x: { n: 1, list: [1, 2, 1, 2] } })
  })

  it('keeps the recorded intervals or divides them by speed, ignoring the times of snapshots', async () => {
    for (const speed of [1, 4]) {
      const clock = createVirtualRuntime()
      const instance = openTestInstance(documents(), clock)
      const snapshot = { key: 's', kind: 'reset', reason: 'snapshot', at: 999_999_999, value: { n: 0 } }
      const text = recording(snapshot, created('x', { n: 1 }), created('y', { n: 1 }), created('z', { n: 1 }))
      const playing = replay([text], instance.docs, { speed, runtime: clock })
      const keys: string[] = []
      for (let second = 0; second < 3; second++) {
        await clock.advance(0)
        keys.push(Object.keys(instance.stored()).join(''))
        await clock.advance(1_000 / speed - 1)
        keys.push(Object.keys(instance.stored()).join(''))
        await clock.advance(1)
      }
      expect(keys).toEqual(['sx', 'sx', 'sxy', 'sxy', 'sxyz', 'sxyz'])
      expect(await playing).toMatchObject({ changes: 4 })
      const closing = instance.sync.close()
      await clock.advance(6_000)
      await closing
    }
  })

  it("stops at a rejection while waiting for the next change's time", async () => {
    const clock = createVirtualRuntime()
    await using instance = openTestInstance()
    const text = recording(pushed('x', 1), created('y', { n: 1 }))
    const playing = replay([text], instance.docs, { speed: 1, runtime: clock })
    await expect(playing).rejects.toMatchObject({ line: 2, reason: 'rejected' })
  })

  it('stops when the signal aborts, while waiting for time or for the source', async () => {
    const clock = createVirtualRuntime()
    await using instance = openTestInstance()
    const text = recording(created('x', { n: 1 }), created('y', { n: 1 }))
    const early = new AbortController()
    const progress: ReplayProgress[] = []
    const options = {
      speed: 1,
      runtime: clock,
      signal: early.signal,
      onProgress: (p: ReplayProgress) => progress.push(p),
    }
    const waiting = expect(replay([text], instance.docs, options)).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    await expect.poll(() => progress.at(-1)?.line).toBe(2)
    early.abort()
    await waiting
    expect(instance.stored()).toEqual({ x: { n: 1 } })
    const late = new AbortController()
    const live = replay(record(instance.docs), instance.docs, { signal: late.signal })
    const ended = expect(live).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    await settled()
    late.abort()
    await ended
    await expect(replay([text], instance.docs, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'SYNC_ABORTED',
    })
  })

  it.each([
    ['lines', 0, 100, 300],
    ['text', 500_000, 5, 12],
  ])('reads no more %s than it can write', async (_, size, min, max) => {
    await using instance = openTestInstance()
    const padding = 'x'.repeat(size)
    let linesRead = 0
    async function* source(): AsyncGenerator<string> {
      yield `${recording().split('\n')[0]}\n`
      for (; linesRead < 400; linesRead++) {
        yield `${JSON.stringify({ ...created(`k${linesRead}`, { n: linesRead }), version: 1, position: '1.e', at: 0, padding })}\n`
      }
      yield '{"end":400}\n'
    }
    instance.hub.store.pause()
    const playing = replay(source(), instance.docs)
    await expect.poll(() => linesRead).toBeGreaterThan(min)
    for (let turn = 0; turn < 1_000; turn++) await settled()
    expect(linesRead).toBeLessThan(max)
    instance.hub.store.resume()
    expect(await playing).toMatchObject({ line: 402, changes: 400 })
  })

  it('stops when the signal aborts amid lines already read, and closes the source', async () => {
    await using instance = openTestInstance()
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
    await expect(replay(source(), instance.docs, { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'SYNC_ABORTED',
    })
    expect(Object.keys(instance.stored()).length).toBeLessThan(600)
    expect(closed).toBe(true)
  })

  it.each([[{ speed: 0 }], [{ speed: Number.NaN }], [{ speed: 'fast' as never }], [{ after: -1 }], [{ id: '' }]])(
    'rejects the options %j',
    async (options) => {
      await using instance = openTestInstance()
      await expect(replay([fixture], instance.docs, options)).rejects.toBeInstanceOf(ArgumentError)
    },
  )
})
