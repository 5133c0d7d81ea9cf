import { expect, it } from 'vitest'
import type { Observation } from '../src/feed-file.ts'
import { type FeedTarget, writeFeed } from '../src/write-feed.ts'

const rateLimiter = { acquire: () => Promise.resolve() }

async function* feed(count: number): AsyncGenerator<Observation> {
  for (let i = 1; i <= count; i++) yield { line: i, key: `k${i}`, value: i % 10 === 0 ? null : { n: 1 } }
}

function options(signal: AbortSignal = new AbortController().signal): Parameters<typeof writeFeed>[2] {
  return { rateLimiter, progress: { written: 0, documentUnits: 0 }, signal }
}

it('writes records and removals, a bounded number at once', async () => {
  let open = 0
  let most = 0
  const calls = { set: 0, delete: 0 }
  const count = async (call: 'set' | 'delete'): Promise<void> => {
    most = Math.max(most, ++open)
    calls[call]++
    await new Promise((resolve) => setImmediate(resolve))
    open--
  }
  const target: FeedTarget = {
    set: () => count('set').then(() => ({ changed: true })),
    delete: () => count('delete').then(() => true),
  }
  const given = options()
  await writeFeed(feed(2_000), target, given)
  expect(calls).toEqual({ set: 1_800, delete: 200 })
  expect(most).toBe(256)
  expect(given.progress).toEqual({ written: 2_000, documentUnits: 1_800 * '{"n":1}'.length + 200 * 'null'.length })
})

it('stops at the first write that fails and names its line', async () => {
  let calls = 0
  const target: FeedTarget = {
    async set(key) {
      calls++
      if (key === 'k3') throw new Error('refused')
      return { changed: true }
    },
    delete: () => Promise.resolve(true),
  }
  await expect(writeFeed(feed(1_000), target, options())).rejects.toThrow('line 3: writing "k3" failed: refused')
  expect(calls).toBeLessThan(10)
})

it('stops when told to, without waiting for writes that hang', async () => {
  const stop = new AbortController()
  const target: FeedTarget = { set: () => new Promise(() => {}), delete: () => new Promise(() => {}) }
  const writing = writeFeed(feed(1_000), target, options(stop.signal))
  setImmediate(() => stop.abort())
  await writing
})
