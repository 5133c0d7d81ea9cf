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

/** Opens an instance that replicates the whole section, and one that only writes. */
function open() {
  const clock = createVirtualRuntime()
  const hub = createMemoryHub({ maxUndoCommits: 100, maxChanges: 2, runtime: clock })
  const [store, writerStore] = [memoryStore(hub), memoryStore(hub)]
  const sync = createInstance({ store, bus: memoryBus(hub), runtime: clock })
  const writer = createInstance({ store: writerStore, bus: memoryBus(hub), runtime: clock })
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

/** Writes without delivering the changes over the bus. */
async function withoutDelivery({ hub }: { readonly hub: MemoryHub }, write: () => Promise<unknown>): Promise<void> {
  hub.bus.setFaultRates({ drop: 1 })
  await write()
  hub.bus.setFaultRates({})
}

/** Delays each reply of `keys` until its function is called. The keys are read when they are requested. */
function holdKeys(store: Store): (() => void)[] {
  const pendingReplies: (() => void)[] = []
  const { keys } = store
  Object.assign(store, {
    keys: async (...args: Parameters<typeof keys>) => {
      const page = await keys.apply(store, args)
      await new Promise<void>((resolve) => pendingReplies.push(resolve))
      return page
    },
  })
  return pendingReplies
}

describe('close()', () => {
  it('causes no unhandled rejection when keys are still being listed', async () => {
    const uncaught: unknown[] = []
    const record = (error: unknown): void => void uncaught.push(error)
    process.on('unhandledRejection', record)
    {
      await using t = open()
      await t.other.assign('x', { n: 1 })
      const more = Promise.withResolvers<void>()
      const { keys } = t.store
      Object.assign(t.store, {
        load: () => new Promise(() => {}),
        keys: async (...args: Parameters<typeof keys>) => {
          await more.promise
          return keys.apply(t.store, args)
        },
      })
      t.open()
      await t.clock.advance(10)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
    process.off('unhandledRejection', record)
    expect(uncaught).toEqual([])
  })
})

describe("defineCollection({ replicate: 'all' })", () => {
  it('lists keys again at the next check when a listing was refused', async () => {
    await using t = open()
    const local = t.open()
    await local.ready()
    await withoutDelivery(t, () => Promise.all(['x', 'y', 'z'].map((key) => t.other.assign(key, { n: 1 }))))
    const { keys } = t.store
    t.store.keys = () => {
      throw new ArgumentError('no')
    }
    await expect(t.sync.catchUp()).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    t.store.keys = keys
    await t.clock.advance(10_000)
    expect([local.peek('x'), t.sync.health().state]).toEqual([{ n: 1 }, 'live'])
  })

  it.each(['while keys are listed', 'after the full sync'])(
    'loads a document whose deletion the store loses %s',
    async (when) => {
      await using t = open()
      await t.other.assign('x', { n: 1 })
      const deleted = Promise.withResolvers<void>()
      const { keys } = t.store
      // the instance joins the section before the deletion and lists its keys afterwards
      Object.assign(t.store, {
        keys: async (...args: Parameters<typeof keys>) => {
          t.store.keys = keys
          await deleted.promise
          const page = await keys.apply(t.store, args)
          if (when === 'while keys are listed') t.hub.store.loseTail(1)
          return page
        },
      })
      const local = t.open()
      await t.clock.advance(10)
      await withoutDelivery(t, () => t.other.delete('x'))
      deleted.resolve()
      await local.ready()
      if (when === 'after the full sync') t.hub.store.loseTail(1)
      await t.sync.catchUp()
      await t.clock.advance(10_000)
      expect([local.peek('x'), t.sync.health().state]).toEqual([{ n: 1 }, 'live'])
    },
  )

  it('loads a document that could not be loaded while keys were listed', async () => {
    await using t = open()
    const pendingReplies = holdKeys(t.store)
    const { load } = t.store
    const local = t.open()
    await t.clock.advance(10)
    t.store.load = () => Promise.reject(new ArgumentError('no'))
    await t.other.assign('x', { n: 1 })
    await t.clock.advance(10)
    t.store.load = load
    pendingReplies[0]?.()
    await local.ready()
    await t.clock.advance(10_000)
    expect([local.peek('x'), t.sync.health().state]).toEqual([{ n: 1 }, 'live'])
  })
})

describe('ready()', () => {
  it('resolves when all documents of the current epoch are cached', async () => {
    await using t = open()
    await t.other.assign('x', { n: 1 })
    const pendingReplies = holdKeys(t.store)
    await t.other.assign('y', { n: 1 })
    await t.other.delete('x')
    const local = t.open()
    let ready = false
    const readying = local.ready().then(() => {
      ready = true
    })
    await t.clock.advance(10)
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect(pendingReplies).toHaveLength(2)
    pendingReplies[0]?.()
    await t.clock.advance(10)
    expect(ready).toBe(false)
    pendingReplies[1]?.()
    await readying
    expect(local.peek('x')).toEqual({ n: 1 })
  })
})
