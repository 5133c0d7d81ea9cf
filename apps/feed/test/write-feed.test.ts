import { describe, expect, it } from 'vitest'
import type { Observation } from '../src/feed-file.ts'
import { type FeedTarget, writeFeed } from '../src/write-feed.ts'

const rateLimiter = { acquire: () => Promise.resolve() }

async function* feed(count: number): AsyncGenerator<Observation> {
  for (let i = 1; i <= count; i++) yield { line: i, key: `k${i}`, value: i % 10 === 0 ? null : { n: 1 } }
}

function options(signal: AbortSignal = new AbortController().signal): Parameters<typeof writeFeed>[2] {
  return { rateLimiter, progress: { written: 0, documentUnits: 0 }, signal }
}

describe('writeFeed()', () => {
  it('writes records and removals with bounded concurrency', async () => {
    let running = 0
    let maxRunning = 0
    const calls = { set: 0, delete: 0 }
    const count = async (call: 'set' | 'delete'): Promise<void> => {
      maxRunning = Math.max(maxRunning, ++running)
      calls[call]++
      await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    const target: FeedTarget = {
      set: () => count('set').then(() => ({ changed: true })),
      delete: () => count('delete').then(() => true),
    }
    const writeOptions = options()
    await writeFeed(feed(2_000), target, writeOptions)
    expect(calls).toEqual({ set: 1_800, delete: 200 })
    expect(maxRunning).toBe(256)
    expect(writeOptions.progress).toEqual({
      written: 2_000,
      documentUnits: 1_800 * '{"n":1}'.length + 200 * 'null'.length,
    })
  })

  it('stops at the first failed write, and throws an error with its line', async () => {
    let calls = 0
    const target: FeedTarget = {
      async set(key) {
        calls++
        if (key === 'k3') throw new Error('store failed')
        return { changed: true }
      },
      delete: () => Promise.resolve(true),
    }
    await expect(writeFeed(feed(1_000), target, options())).rejects.toThrow(
      "line 3: write to 'k3' failed: store failed",
    )
    expect(calls).toBeLessThan(10)
  })

  it('returns when its signal aborts, without waiting for writes in flight', async () => {
    const stop = new AbortController()
    const target: FeedTarget = { set: () => new Promise(() => {}), delete: () => new Promise(() => {}) }
    const writing = writeFeed(feed(1_000), target, options(stop.signal))
    setImmediate(() => stop.abort())
    await writing
  })
})
