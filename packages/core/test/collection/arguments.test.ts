import {
  type ArgumentError,
  type Collection,
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
} from '@sync/core'
import { createTestCluster } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

interface Doc {
  n: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

function open() {
  const cluster = createTestCluster({ instances: 1 })
  const [instance] = cluster.instances
  if (!instance) throw new Error('expected an instance')
  return { cluster, instance, docs: instance.collection(docs, { partition: 'p' }) }
}

/** Options of a type that TypeScript would reject, as JavaScript callers can pass them. */
const untyped = (value: unknown): never => value as never

describe('an unknown option', () => {
  it.each([
    ['assign()', (t: Collection<Doc>) => t.assign('k', { n: 1 }, untyped({ ifversion: 55 }))],
    ['set()', (t: Collection<Doc>) => t.set('k', { n: 1 }, untyped({ opId: 'x' }))],
    ['update()', (t: Collection<Doc>) => t.update('k', () => {}, untyped({ etag: '"x"' }))],
    ['delete()', (t: Collection<Doc>) => t.delete('k', untyped(5))],
    ['compareAndSet()', (t: Collection<Doc>) => t.compareAndSet('k', 'n', 1, untyped({ expectedVersion: 0, if: 1 }))],
    ['get()', (t: Collection<Doc>) => t.get('k', untyped({ since: 'x' }))],
    ['getEntry()', (t: Collection<Doc>) => t.getEntry('k', untyped({ after: 'x' }))],
    ['evict()', (t: Collection<Doc>) => t.evict('k', untyped({ deadline: 5 }))],
    ['importMany()', (t: Collection<Doc>) => t.importMany([], untyped({ onrow: () => {} }))],
    [
      'importMany() with a function',
      (t: Collection<Doc>) =>
        t.importMany(
          [],
          untyped(() => {}),
        ),
    ],
    ['changes()', async (t: Collection<Doc>) => void t.changes(untyped({ untill: 'now' }))],
  ])('of %s rejects with SYNC_ARGUMENT and writes nothing', async (_, call) => {
    const t = open()
    await using _cluster = t.cluster
    await expect(call(t.docs)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    expect(await t.docs.get('k')).toBeUndefined()
  })

  it.each([
    ['a collection', () => defineCollection<Doc>(untyped({ section: 's', ttl: 'never', follow: 'key' })), /"follow"/],
    [
      'a cache',
      () => defineCollection<Doc>(untyped({ section: 's', ttl: 'never', cache: { maxDocs: 5 } })),
      /"maxDocs"/,
    ],
    [
      'a source',
      () => defineCollection<Doc>(untyped({ section: 's', ttl: 'never', source: { load: () => {}, absentFor: 1 } })),
      /"absentFor"/,
    ],
    [
      'an instance',
      () => createInstance(untyped({ store: memoryStore(), bus: memoryBus(), whenUnavailabe: 'reject' })),
      /"whenUnavailabe"/,
    ],
    ['a hub', () => createMemoryHub(untyped({ maxAnswers: 5 })), /"maxAnswers"/],
  ])('of %s throws and names it', (_, call, message) => {
    expect(call).toThrow(expect.objectContaining<Partial<ArgumentError>>({ code: 'SYNC_ARGUMENT' }))
    expect(call).toThrow(message)
  })
})

describe('compareAndSet()', () => {
  it.each([undefined, null, 5, {}])('rejects the field %j and leaves the instance usable', async (field) => {
    const t = open()
    await using _ = t.cluster
    await expect(t.docs.compareAndSet('k', untyped(field), untyped(1), { expectedVersion: 0 })).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
    })
    await t.docs.set('k', { n: 1 })
    expect(await t.docs.get('k')).toEqual({ n: 1 })
  })

  it('rejects ifVersion, whose conflict its answer could not show', async () => {
    const t = open()
    await using _ = t.cluster
    await expect(t.docs.compareAndSet('k', 'n', 1, { expectedVersion: 0, ifVersion: 3 })).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
    })
  })
})

describe('ifMatch', () => {
  it.each(['"abc"', 'W/"1.1.2.x"', '"1.1.1.%E0"', '"zz.1.1.x"'])(
    'rejects %s, an entity tag from elsewhere, with SYNC_CONFLICT',
    async (ifMatch) => {
      const t = open()
      await using _ = t.cluster
      await t.docs.set('k', { n: 1 })
      await expect(t.docs.assign('k', { n: 2 }, { ifMatch })).rejects.toMatchObject({
        code: 'SYNC_CONFLICT',
        message: expect.stringMatching(
          /^p\/doc\/k: ifMatch is the etag of another state; the document is at version 1/,
        ),
      })
    },
  )

  it.each(['abc', '*', '"a", "b"', '', 5, ['"a"']])('rejects %j with SYNC_ARGUMENT', async (ifMatch) => {
    const t = open()
    await using _ = t.cluster
    await expect(t.docs.assign('k', { n: 2 }, { ifMatch: untyped(ifMatch) })).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
    })
  })
})

describe('importMany()', () => {
  it.each([undefined, null, 5, 'abc', {}])('rejects the rows %j with SYNC_ARGUMENT', async (rows) => {
    const t = open()
    await using _ = t.cluster
    await expect(t.docs.importMany(untyped(rows))).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })

  it('rejects with SYNC_CLOSED and reads no further rows when the instance closes', async () => {
    const t = open()
    const closed = Promise.withResolvers<void>()
    let read = 0
    async function* rows(): AsyncGenerator<readonly [string, Doc]> {
      for (let n = 0; n < 100; n++) {
        if (n === 2) await closed.promise
        read++
        yield [`k${n}`, { n }]
      }
    }
    const rejected = expect(t.docs.importMany(rows())).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    await t.cluster.settle()
    await t.cluster[Symbol.asyncDispose]()
    closed.resolve()
    await rejected
    expect(read).toBeLessThan(100)
  })

  it('keeps its own error when ending the iterator fails too', async () => {
    const t = open()
    await using _ = t.cluster
    const rows = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 'no pair' }),
        return: (): never => {
          throw new Error('return failed')
        },
      }),
    }
    await expect(t.docs.importMany(untyped(rows))).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('an argument error', () => {
  it('names the document', async () => {
    const t = open()
    await using _ = t.cluster
    const calls = [
      t.docs.assign('k', { n: Number.NaN }),
      t.docs.set('k', untyped(5)),
      t.docs.update('k', untyped(5)),
      t.docs.patch('k', untyped(5)),
      t.docs.unset('k', untyped(5)),
      t.docs.assign('k', { n: 1 }, { ifVersion: -1 }),
      t.docs.compareAndSet('k', 'n', 1, untyped({})),
    ]
    for (const call of calls)
      await expect(call).rejects.toMatchObject({
        address: { partition: 'p', section: 'doc', key: 'k' },
        message: expect.stringMatching(/^p\/doc\/k: /),
      })
  })
})

describe('defineCollection({ source })', () => {
  it('requires load, and calls it on its object', async () => {
    for (const source of [{}, { negativeTtl: '1s' }, null])
      expect(() => defineCollection<Doc>(untyped({ section: 's', ttl: 'never', source }))).toThrow(/source\.load/)
    class Repository {
      readonly row = { n: 7 }
      async load(): Promise<Doc> {
        return this.row
      }
    }
    await using cluster = createTestCluster({ instances: 1 })
    const rows = defineCollection<Doc>({ section: 'row', ttl: 'never', source: new Repository() })
    expect(await cluster.instances[0]?.collection(rows, { partition: 'p' }).get('k')).toEqual({ n: 7 })
  })
})

describe('defineCollection({ ttl })', () => {
  it('refuses a low number without a unit, and accepts it with one', () => {
    for (const ttl of [7, { after: 999, sliding: true }])
      expect(() => defineCollection<Doc>({ section: 's', ttl })).toThrow(/expected a unit, such as '(7|999)s'/)
    expect(defineCollection<Doc>({ section: 's', ttl: '7ms' }).ttl).toBe(7)
    expect(defineCollection<Doc>({ section: 's', ttl: 1_000 }).ttl).toBe(1_000)
  })
})

describe('an instance', () => {
  it('rejects arguments of the wrong type with SYNC_ARGUMENT', async () => {
    const t = open()
    await using _ = t.cluster
    const argument = expect.objectContaining({ code: 'SYNC_ARGUMENT' })
    expect(() => createInstance(untyped({ store: 'memory:', bus: 'memory:' }))).toThrow(/connect\(\)/)
    expect(() => createInstance(untyped({}))).toThrow(argument)
    expect(() => t.instance.onEvent(untyped(undefined))).toThrow(argument)
    expect(() => t.docs.subscribe('k', untyped(undefined))).toThrow(argument)
    await expect(t.instance.catchUp(untyped('doc'))).rejects.toThrow(argument)
    await expect(t.instance.verify(untyped({ section: 'doc' }))).rejects.toThrow(argument)
    await expect(t.docs.getMany(untyped('k'))).rejects.toThrow(argument)
  })
})

describe('subscribe()', () => {
  it('emits an error event when an asynchronous listener rejects', async () => {
    const t = open()
    await using _ = t.cluster
    const failure = new Error('listener failed')
    const errors: unknown[] = []
    t.instance.onEvent((event) => {
      if (event.type === 'error') errors.push(event.error)
    })
    t.docs.subscribe('k', async () => {
      throw failure
    })
    await t.docs.set('k', { n: 1 })
    await t.cluster.settle()
    expect(errors).toEqual([failure])
  })
})

describe('onConflict', () => {
  it('rejects the write with SYNC_ARGUMENT when it returns a promise', async () => {
    await using cluster = createTestCluster({ instances: 2 })
    const guarded = defineCollection<Doc>({
      section: 'guarded',
      ttl: 'never',
      onConflict: async () => {
        throw new Error('too late')
      },
    })
    const [a, b] = cluster.instances.map((instance) => instance.collection(guarded, { partition: 'p' }))
    await a?.create('k', { n: 1 })
    await b?.get('k')
    cluster.bus.setFaultRates({ drop: 1 })
    await a?.set('k', { n: 2 })
    const update = b?.update('k', (doc) => {
      doc.n++
    })
    await expect(update).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
      message: expect.stringMatching(/^p\/guarded\/k: onConflict: expected a synchronous function/),
    })
  })
})
