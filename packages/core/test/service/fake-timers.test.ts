import {
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
  type SyncInstance,
} from '@sync/core'
import { afterEach, describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: '1h' })

/** Everything that jest, vitest and sinon can fake. */
const toFake = [
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'],
  ...['queueMicrotask', 'performance', 'Date', 'hrtime'],
] as ('setTimeout' | 'queueMicrotask')[]

afterEach(() => vi.useRealTimers())

/** Runs reads, writes, a stream and `close` on two instances. Every call must settle without time passing. */
async function useInstances(open: () => SyncInstance): Promise<void> {
  const [a, b] = [open(), open()]
  const [left, right] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
  if (!left || !right) throw new Error('expected two collections')
  await left.create('x', { n: 0 })
  expect(await right.get('x')).toEqual({ n: 0 })
  const { position } = await left.update('x', (draft) => void draft.n++)
  expect(await right.get('x', { after: position })).toEqual({ n: 1 })
  for await (const batch of right.changes({ from: 'snapshot' })) {
    expect(batch).toHaveLength(1)
    break
  }
  await Promise.all([a.catchUp(), b.verify(), a.flush()])
  await Promise.all([a.close(), b.close()])
}

function opener(): () => SyncInstance {
  const hub = createMemoryHub()
  return () => createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
}

describe('an in-memory instance under fake timers', () => {
  it('settles every call when the timers were faked before it was created', async () => {
    vi.useFakeTimers({ toFake })
    await useInstances(opener())
  })

  it('settles every call when the timers are faked after it was created', async () => {
    const hub = createMemoryHub()
    const created = [0, 1].map(() => createInstance({ store: memoryStore(hub), bus: memoryBus(hub) }))
    vi.useFakeTimers({ toFake })
    await useInstances(() => created.pop() as SyncInstance)
  })

  it('settles every call when the timers were faked before the package was loaded', async () => {
    vi.useFakeTimers({ toFake })
    vi.resetModules()
    const core = await import('@sync/core')
    const hub = core.createMemoryHub()
    await useInstances(() => core.createInstance({ store: core.memoryStore(hub), bus: core.memoryBus(hub) }))
  })

  it('still ends a timeout, because its timers are real', async () => {
    vi.useFakeTimers({ toFake })
    const hub = createMemoryHub()
    hub.store.makeUnavailable()
    const instance = createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
    const read = instance.collection(docs, { partition: 'p' }).get('x', { timeout: 20 })
    await expect(read).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
    await instance.close()
  })
})
