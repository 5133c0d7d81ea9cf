import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineCollection } from '../../src/collection/definition.ts'
import { createMemoryHub, memoryBus, memoryStore } from '../../src/memory/index.ts'
import type { Position } from '../../src/model/position.ts'
import { createInstance } from '../../src/service/instance.ts'
import { createVirtualRuntime } from '../../src/testing/virtual-runtime.ts'
import { wrapStore } from '../replica/wrapped-store.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Doc {
  readonly n: number
}

const CHECK_MS = 1_000
const IDLE_MS = 2_000
const at = { partition: 'p' }
const idle = defineCollection<Doc>({ section: 'doc', ttl: 'never', cache: { maxIdle: IDLE_MS } })
const lasting = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** Opens an instance whose sections are released quickly, beside one that writes. Counts subscriptions and store calls. */
function open(seed = 1) {
  const runtime = createVirtualRuntime(seed)
  const hub = createMemoryHub({ runtime, maxUndoCommits: 10 })
  const counts = { subscriptions: 0, heads: 0 }
  const bus = memoryBus(hub)
  const { subscribe } = bus
  bus.subscribe = async (...args) => {
    const subscription = await subscribe.apply(bus, args)
    counts.subscriptions++
    const stop = async (): Promise<void> => {
      counts.subscriptions--
      await subscription.stop()
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }
  const store = wrapStore(memoryStore(hub), (name, call) => {
    if (name === 'heads') counts.heads++
    return call()
  })
  const sync = createInstance({ store, bus, runtime, checkInterval: CHECK_MS })
  const other = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), runtime, checkInterval: CHECK_MS })
  return {
    runtime,
    hub,
    counts,
    sync,
    local: sync.collection(idle, at),
    remote: other.collection(lasting, at),
    untilReleased: () => runtime.advance(3 * IDLE_MS + 2 * CHECK_MS),
    [Symbol.asyncDispose]: async () => void (await Promise.all([sync.close(), other.close()])),
  }
}

describe('an idle section', () => {
  it.each(['read', 'absent', 'written', 'never used'])(
    'has no subscription and no heartbeat check when it was %s',
    async (how) => {
      await using t = open()
      await t.remote.set('k', { n: 1 })
      if (how === 'read') await t.local.get('k')
      if (how === 'absent') await t.local.get('missing')
      if (how === 'written') await t.local.set('k', { n: 2 })
      expect(t.sync.stats().sections).toBe(1)
      await t.untilReleased()
      expect([t.counts.subscriptions, t.sync.stats().sections]).toEqual([0, 0])
      t.counts.heads = 0
      await t.runtime.advance(10 * CHECK_MS)
      expect(t.counts.heads).toBe(0)
    },
  )

  it.each(['a handle', 'a new handle'])('starts again when %s is used', async (which) => {
    await using t = open()
    await t.remote.set('k', { n: 1 })
    await t.local.get('k')
    await t.untilReleased()
    await t.remote.set('k', { n: 2 })
    const collection = which === 'a handle' ? t.local : t.sync.collection(idle, at)
    expect(await collection.get('k')).toEqual({ n: 2 })
    await t.remote.set('k', { n: 3 })
    await t.runtime.advance(10)
    expect([collection.peek('k'), t.local.peek('k')]).toEqual([{ n: 3 }, { n: 3 }])
    expect([t.counts.subscriptions, t.sync.stats().sections]).toEqual([1, 1])
  })

  it('emits every change to a stream that resumes after its release', async () => {
    await using t = open()
    const collect = async (from: 'snapshot' | { after: Position }) => {
      const found: [string, number][] = []
      let position: Position | undefined
      for await (const batch of t.local.changes({ from, until: 'now', combine: false }))
        for (const change of batch) {
          position = change.position
          if ('value' in change) found.push([change.key, (change.value as Doc).n])
          else found.push([change.key, -1])
        }
      return { found, position }
    }
    await t.remote.set('k', { n: 1 })
    const { position } = await collect('snapshot')
    await t.untilReleased()
    expect(t.counts.subscriptions).toBe(0)
    for (let n = 2; n < 5; n++) await t.remote.set('k', { n })
    const { found } = await collect({ after: position as Position })
    expect(found).toHaveLength(3)
  })

  it('stays open while it is watched, streamed or has a cached document', async () => {
    await using t = open()
    const unsubscribe = t.local.subscribe('k', () => {})
    await t.untilReleased()
    expect(t.counts.subscriptions).toBe(1)
    unsubscribe()
    const stop = new AbortController()
    const stream = t.local.changes({ signal: stop.signal })[Symbol.asyncIterator]()
    const pending = stream.next()
    await t.untilReleased()
    expect(t.counts.subscriptions).toBe(1)
    await t.remote.set('other', { n: 1 })
    expect((await pending).value).toMatchObject([{ key: 'other' }])
    stop.abort()
    await t.untilReleased()
    expect(t.counts.subscriptions).toBe(0)
  })

  it('rejects with SYNC_CLOSED when its handle is used after close()', async () => {
    await using t = open()
    await t.local.get('k')
    await t.untilReleased()
    await t.sync.close()
    await expect(t.local.get('k')).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  })
})

describe('sections that are released at random times', () => {
  it('never return a stale document, and lose no change or write', async () => {
    const step = fc.oneof(
      fc.record({ wait: fc.integer({ min: 1, max: 2 * IDLE_MS }) }),
      fc.record({ remote: fc.constantFrom('a', 'b') }),
      fc.record({ local: fc.constantFrom('a', 'b') }),
      fc.record({ read: fc.constantFrom('a', 'b') }),
      fc.record({ lose: fc.integer({ min: 1, max: 2 }) }),
    )
    const property = fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 40 }), async (seed, steps) => {
      await using t = open(seed)
      let n = 0
      const reads: Promise<unknown>[] = []
      for (const each of steps) {
        if ('wait' in each) await t.runtime.advance(each.wait)
        else if ('remote' in each) await t.remote.set(each.remote, { n: ++n })
        else if ('local' in each) reads.push(t.local.set(each.local, { n: ++n }))
        else if ('read' in each) reads.push(t.local.get(each.read))
        else t.hub.store.loseTail(each.lose)
      }
      await t.runtime.advance(100)
      await Promise.all(reads)
      await t.runtime.advance(3 * CHECK_MS)
      const stored = t.hub.store.inspect({ ...at, section: 'doc' })?.documents
      for (const key of ['a', 'b']) {
        const expected = JSON.parse(stored?.get(key)?.text ?? 'null')
        expect([(await t.local.get(key)) ?? null, (await t.remote.get(key)) ?? null]).toEqual([expected, expected])
      }
    })
    await fc.assert(property, { numRuns: 150 })
  })
})

describe('2,000 idle sections', () => {
  it('keep no subscription, and no memory once their handles are unused', async () => {
    await using t = open()
    for (let n = 0; n < 2_000; n++) await t.sync.collection(idle, { partition: `tenant-${n}` }).get('k')
    expect(t.counts.subscriptions).toBe(2_000)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    await t.untilReleased()
    expect([t.counts.subscriptions, t.sync.stats().sections]).toEqual([0, 0])
    // a weak reference keeps its target until the end of the job that read it
    await new Promise((resolve) => setTimeout(resolve, 0))
    collectGarbage()
    expect(before - process.memoryUsage().heapUsed).toBeGreaterThan(2_000 * 4_000)
  })
})
