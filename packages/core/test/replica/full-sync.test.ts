import {
  ArgumentError,
  createInstance,
  createMemoryHub,
  defineCollection,
  type MemoryHub,
  memoryBus,
  memoryStore,
  type Store,
} from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', replicate: 'all' })

/** One instance that is to hold all there is, and one that is there to write. */
function open() {
  const clock = createVirtualRuntime()
  const hub = createMemoryHub({ maxUndoCommits: 100, maxChanges: 2, runtime: clock })
  const [store, theirs] = [memoryStore(hub), memoryStore(hub)]
  const sync = createInstance({ store, bus: memoryBus(hub), runtime: clock })
  const writer = createInstance({ store: theirs, bus: memoryBus(hub), runtime: clock })
  const close = async (): Promise<void> => {
    const closing = Promise.all([sync.close(), writer.close()])
    await clock.advance(10_000)
    await closing
  }
  return {
    clock,
    hub,
    store,
    sync,
    open: () => sync.collection(docs, { partition: 'p' }),
    other: writer.collection(docs, { partition: 'p' }),
    [Symbol.asyncDispose]: close,
  }
}

/** Changes of the second's that the first does not hear. */
async function unheard({ hub }: { readonly hub: MemoryHub }, write: () => Promise<unknown>): Promise<void> {
  hub.bus.setFaultRates({ drop: 1 })
  await write()
  hub.bus.setFaultRates({})
}

/** Holds the answers of `keys` back, each until it is let go: they were given at their time, and arrive later. */
function holdKeys(store: Store): (() => void)[] {
  const held: (() => void)[] = []
  const { keys } = store
  Object.assign(store, {
    keys: async function* (...asked: Parameters<typeof keys>) {
      const all: string[] = []
      for await (const key of keys.apply(store, asked)) all.push(key)
      await new Promise<void>((resolve) => held.push(resolve))
      yield* all
    },
  })
  return held
}

describe('close()', () => {
  it('causes no unhandled rejection when keys are still being listed', async () => {
    const uncaught: unknown[] = []
    const hear = (error: unknown): void => void uncaught.push(error)
    process.on('unhandledRejection', hear)
    {
      await using t = open()
      await t.other.assign('x', { n: 1 })
      const more = Promise.withResolvers<void>()
      const { keys } = t.store
      Object.assign(t.store, {
        load: () => new Promise(() => {}),
        keys: async function* (...asked: Parameters<typeof keys>) {
          yield* keys.apply(t.store, asked)
          await more.promise
        },
      })
      t.open()
      await t.clock.advance(10)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
    process.off('unhandledRejection', hear)
    expect(uncaught).toEqual([])
  })
})

describe("defineCollection({ replicate: 'all' })", () => {
  it('lists keys again at the next check when a listing was refused', async () => {
    await using t = open()
    const ours = t.open()
    await ours.ready()
    await unheard(t, () => Promise.all(['x', 'y', 'z'].map((key) => t.other.assign(key, { n: 1 }))))
    const { keys } = t.store
    t.store.keys = () => {
      throw new ArgumentError('no')
    }
    await expect(t.sync.catchUp()).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    t.store.keys = keys
    await t.clock.advance(10_000)
    expect([ours.peek('x'), t.sync.health().state]).toEqual([{ n: 1 }, 'live'])
  })

  it.each(['while keys are listed', 'after the full sync'])(
    'loads a document whose deletion the store loses %s',
    async (when) => {
      await using t = open()
      await t.other.assign('x', { n: 1 })
      const deleted = Promise.withResolvers<void>()
      const { keys } = t.store
      // the section is joined before the deletion, and its keys are asked for after it
      Object.assign(t.store, {
        keys: async function* (...asked: Parameters<typeof keys>) {
          t.store.keys = keys
          await deleted.promise
          yield* keys.apply(t.store, asked)
          if (when === 'while keys are listed') t.hub.store.loseTail(1)
        },
      })
      const ours = t.open()
      await t.clock.advance(10)
      await unheard(t, () => t.other.delete('x'))
      deleted.resolve()
      await ours.ready()
      if (when === 'after the full sync') t.hub.store.loseTail(1)
      await t.sync.catchUp()
      await t.clock.advance(10_000)
      expect([ours.peek('x'), t.sync.health().state]).toEqual([{ n: 1 }, 'live'])
    },
  )

  it('loads a document that could not be loaded while keys were listed', async () => {
    await using t = open()
    const held = holdKeys(t.store)
    const { load } = t.store
    const ours = t.open()
    await t.clock.advance(10)
    t.store.load = () => Promise.reject(new ArgumentError('no'))
    await t.other.assign('x', { n: 1 })
    await t.clock.advance(10)
    t.store.load = load
    held[0]?.()
    await ours.ready()
    await t.clock.advance(10_000)
    expect([ours.peek('x'), t.sync.health().state]).toEqual([{ n: 1 }, 'live'])
  })
})

describe('ready()', () => {
  it('resolves when all documents of the current epoch are cached', async () => {
    await using t = open()
    await t.other.assign('x', { n: 1 })
    const held = holdKeys(t.store)
    await t.other.assign('y', { n: 1 })
    await t.other.delete('x')
    const ours = t.open()
    let ready = false
    const readying = ours.ready().then(() => {
      ready = true
    })
    await t.clock.advance(10)
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect(held).toHaveLength(2)
    held[0]?.()
    await t.clock.advance(10)
    expect(ready).toBe(false)
    held[1]?.()
    await readying
    expect(ours.peek('x')).toEqual({ n: 1 })
  })
})
