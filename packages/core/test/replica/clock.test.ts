import { type Collection, createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { createProcessClock, type ProcessClock } from '../simulation/network/process-clock.ts'

interface Doc {
  n: number
}

interface Opened extends AsyncDisposable {
  readonly time: VirtualRuntime
  readonly clock: ProcessClock
  readonly docs: Collection<Doc>
}

const HOUR = 3_600_000

/** Opens an instance with a clock of its own, and a store whose clock is correct. */
function open(sliding: boolean): Opened {
  const time = createVirtualRuntime()
  const hub = createMemoryHub({ runtime: time })
  const clock = createProcessClock(time)
  const sync = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), runtime: clock })
  const definition = defineCollection<Doc>({ section: 'doc', ttl: { after: 1_000, sliding } })
  const docs = sync.collection(definition, { partition: 'p' })
  return { time, clock, docs, [Symbol.asyncDispose]: () => sync.close() }
}

describe('defineCollection({ ttl })', () => {
  it('expires a document in time when the clock is set back', async () => {
    await using t = open(false)
    await t.docs.assign('x', { n: 1 })
    await t.docs.get('x')
    t.clock.jump(-HOUR)
    await t.time.advance(1_100)
    expect(t.docs.peek('x')).toBeUndefined()
    expect(await t.docs.get('x')).toBeUndefined()
  })

  it('renews a sliding document when the clock is set back', async () => {
    await using t = open(true)
    await t.docs.assign('x', { n: 1 })
    await t.docs.get('x')
    t.clock.jump(-HOUR)
    for (let reads = 0; reads < 20; reads++) {
      await t.time.advance(200)
      expect(await t.docs.get('x')).toEqual({ n: 1 })
    }
  })
})

describe('getEntry()', () => {
  it('returns expiresAt by the current clock', async () => {
    await using t = open(false)
    await t.docs.assign('x', { n: 1 })
    await t.docs.get('x')
    const expiresIn = async (): Promise<number> => ((await t.docs.getEntry('x'))?.expiresAt ?? 0) - t.clock.now()
    expect(await expiresIn()).toBe(1_000)
    t.clock.jump(-HOUR)
    await t.time.advance(300)
    expect(await expiresIn()).toBe(700)
  })
})

describe('peek()', () => {
  it('returns undefined until the replica is verified when the clock is set forward', async () => {
    await using t = open(false)
    await t.docs.assign('x', { n: 1 })
    await t.docs.get('x')
    t.clock.jump(HOUR)
    expect(t.docs.peek('x')).toBeUndefined()
    expect(await t.docs.get('x')).toEqual({ n: 1 })
  })
})
