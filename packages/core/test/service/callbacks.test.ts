import { AsyncLocalStorage } from 'node:async_hooks'
import { defineCollection, type SyncEvent } from '@sync/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { open } from '../collection/open.ts'

interface Doc {
  n: number
  log?: string[]
}
type Opened = ReturnType<typeof openDocs>

const openDocs = (options: object = {}) =>
  open<Doc>(defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options }))

/** Leaves `b` with a replica that is older than a write of `a`. */
async function collide(t: Opened): Promise<void> {
  await t.a.set('x', { n: 1 })
  await t.b.get('x')
  t.cluster.bus.drop(9)
  await t.a.set('x', { n: 2 })
}

/** A schema that calls a function for each document. */
const schema = (validate: (value: unknown) => unknown) => ({
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => validate(value) ?? { value } },
})

/** A callback of the product's users. `run` causes a call of it; the result is the call's outcome, if it has one. */
interface Callback {
  readonly options?: (fn: () => unknown) => object
  readonly run: (t: Opened, fn: () => unknown) => Promise<unknown>
  /** The error of a synchronous throw and of a rejection; otherwise an `error` event is expected. */
  readonly rejectsWith?: readonly [string, string]
}

const increment = (t: Opened) => t.b.update('x', (doc) => void doc.n++)
const callbacks: Readonly<Record<string, Callback>> = {
  recipe: {
    run: async (t, fn) => {
      await t.b.set('x', { n: 1 })
      await t.b.update('x', fn as () => void)
    },
    rejectsWith: ['SYNC_REJECTED', 'SYNC_ARGUMENT'],
  },
  'merge strategy': {
    options: (fn) => ({ merge: { n: fn } }),
    run: async (t) => {
      await collide(t)
      await t.b.assign('x', { n: 5 })
    },
    rejectsWith: ['SYNC_REJECTED', 'SYNC_ARGUMENT'],
  },
  schema: {
    options: (fn) => ({ schema: schema(fn) }),
    run: (t) => t.b.set('x', { n: 1 }),
    rejectsWith: ['SYNC_REJECTED', 'SYNC_REJECTED'],
  },
  onConflict: {
    options: (fn) => ({ onConflict: fn }),
    run: async (t) => {
      await collide(t)
      await increment(t)
    },
    rejectsWith: ['SYNC_REJECTED', 'SYNC_ARGUMENT'],
  },
  migrate: {
    options: (fn) => ({ migrate: fn }),
    run: async (t) => {
      await t.b.set('x', { n: 1 })
      await t.b.get('x')
    },
    rejectsWith: ['SYNC_REJECTED', 'SYNC_ARGUMENT'],
  },
  'source.load': {
    options: (fn) => ({ source: fn }),
    run: (t) => t.b.get('x'),
    rejectsWith: ['SYNC_SOURCE', 'SYNC_SOURCE'],
  },
  'source.loadMany': {
    options: (fn) => ({ source: { loadMany: fn } }),
    run: (t) => t.b.get('x'),
    rejectsWith: ['SYNC_SOURCE', 'SYNC_SOURCE'],
  },
  'listener of subscribe()': {
    run: async (t, fn) => {
      t.b.subscribe('x', fn)
      await t.b.get('x')
      await t.b.set('x', { n: 1 })
    },
  },
  'listener of onEvent()': {
    run: async (t, fn) => {
      t.instances[1]?.onEvent((event) => (event.type === 'error' ? undefined : fn()))
      await collide(t)
      await increment(t)
    },
  },
}

const failures = {
  throws: () => {
    throw new Error('from the callback')
  },
  rejects: () => Promise.reject(new Error('from the callback')),
  'rejects a promise of another implementation': () => {
    const promise = Promise.reject(new Error('from the callback'))
    // biome-ignore lint/suspicious/noThenProperty: a thenable that is not a Promise
    return { then: promise.then.bind(promise) }
  },
}

describe('a callback that fails', () => {
  it.each(
    Object.keys(callbacks).flatMap((name) =>
      (Object.keys(failures) as (keyof typeof failures)[]).map((how) => [name, how] as const),
    ),
  )('rejects the call or causes an error event, and nothing stays unhandled: %s %s', async (name, how) => {
    const unhandled: unknown[] = []
    const record = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', record).on('uncaughtException', record)
    onTestFinished(() => void process.off('unhandledRejection', record).off('uncaughtException', record))
    const callback = callbacks[name] as Callback
    const fail = failures[how]
    await using t = openDocs(callback.options?.(fail))
    const events: SyncEvent[] = []
    t.instances[1]?.onEvent((event) => void events.push(event))
    const running = callback.run(t, fail)
    running.catch(() => {})
    await t.cluster.clock.advance(1_000)
    const { rejectsWith } = callback
    if (rejectsWith) {
      await expect(running).rejects.toMatchObject({ code: rejectsWith[how === 'throws' ? 0 : 1] })
    } else {
      await running
      const errors = events.filter(({ type }) => type === 'error')
      expect(errors.length).toBeGreaterThan(0)
      expect(errors[0]).toMatchObject({ error: { message: 'from the callback' } })
    }
    expect(unhandled).toEqual([])
  })

  it.each(['throws', 'rejects'] as const)('rejects importMany() when onRow %s', async (how) => {
    await using t = openDocs()
    await expect(t.a.importMany([['x', { n: 1 }]], { onRow: failures[how] })).rejects.toThrow('from the callback')
  })
})

describe('the async context of a callback', () => {
  const storage = new AsyncLocalStorage<string>()
  const as = <R>(name: string, fn: () => R): R => storage.run(name, fn)

  it("is its own caller's for recipes that share a commit", async () => {
    await using t = openDocs()
    await t.a.set('x', { n: 0, log: [] })
    await Promise.all(
      ['ann', 'bob', 'cy'].map((name) =>
        as(name, () => t.a.update('x', (doc) => void doc.log?.push(`${name}: ${storage.getStore()}`))),
      ),
    )
    expect((await t.a.get('x'))?.log).toEqual(['ann: ann', 'bob: bob', 'cy: cy'])
  })

  const add = (c: Opened['b']): Promise<unknown> => c.assign('x', { n: 7 })
  it.each<[string, (seen: <V>(value: V) => V) => object, (c: Opened['b']) => Promise<unknown>]>([
    ['schema', (seen) => ({ schema: schema(() => seen(undefined)) }), add],
    ['merge strategy', (seen) => ({ merge: { n: ({ local }: { local: number }) => seen(local) } }), add],
    ['migrate', (seen) => ({ migrate: seen }), add],
    [
      'onConflict',
      (seen) => ({ onConflict: () => seen(undefined) }),
      (c) => c.compareAndSet('x', 'n', 7, { expectedVersion: 99 }),
    ],
  ])("is the writer's, also for a write that waits behind another caller's: %s", async (_, options, write) => {
    const seen = new Set<string | undefined>()
    await using t = openDocs(
      options((value) => {
        seen.add(storage.getStore())
        return value
      }),
    )
    await collide(t)
    const writing = Promise.all([as('ann', () => t.b.assign('x', { n: 3 })), as('bob', () => write(t.b))])
    await t.cluster.clock.advance(1_000)
    await writing
    expect(seen).toContain('bob')
  })

  it("is the first caller's for a source", async () => {
    const seen: (string | undefined)[] = []
    await using t = openDocs({ source: async () => void seen.push(storage.getStore()) })
    await Promise.all([as('ann', () => t.a.get('x')), as('bob', () => t.a.get('x'))])
    await as('cy', () => t.a.get('y'))
    expect(seen).toEqual(['ann', 'cy'])
  })

  it("is a writer's own for a source that it asks behind another caller's write", async () => {
    const seen: (string | undefined)[] = []
    await using t = openDocs({ source: async () => void seen.push(storage.getStore()) })
    const first = as('ann', () => t.a.delete('x'))
    const second = as('bob', () => t.a.assign('x', { n: 1 }))
    await Promise.all([first, second])
    expect(seen).toEqual(['bob'])
  })

  it("is the subscriber's for listeners", async () => {
    const contexts = { subscribe: new Set(), onEvent: new Set() }
    await using t = openDocs()
    as('ann', () => t.b.subscribe('x', () => contexts.subscribe.add(storage.getStore())))
    as('bob', () => t.instances[1]?.onEvent(() => contexts.onEvent.add(storage.getStore())))
    await t.b.get('x')
    await as('cy', () => t.b.set('x', { n: 1 }))
    await as('cy', () => t.b.compareAndSet('x', 'n', 7, { expectedVersion: 99 }))
    expect(contexts).toEqual({ subscribe: new Set(['ann']), onEvent: new Set(['bob']) })
  })
})
