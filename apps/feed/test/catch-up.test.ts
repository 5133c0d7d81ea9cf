import { describe, expect, it } from 'vitest'
import { catchUp } from '../src/catch-up.ts'

const never = new AbortController().signal

describe('catchUp()', () => {
  it('retries while the store is unavailable', async () => {
    let attempts = 0
    const check = async (): Promise<void> => {
      if (++attempts === 1) throw new Error('unavailable')
    }
    await catchUp([{ name: 'replica 1', check }], 5_000, never)
    expect(attempts).toBe(2)
  })

  it('throws an error that names the late followers and their errors when the deadline passes', async () => {
    const followers = [
      { name: 'replica 1', check: () => Promise.resolve() },
      { name: 'replica 2', check: () => Promise.reject(new Error('unavailable')) },
      { name: 'replica 3', check: () => new Promise<void>(() => {}) },
    ]
    await expect(catchUp(followers, 50, never)).rejects.toThrow(
      'within 0.05 s, still behind: replica 2 (unavailable), replica 3',
    )
  })

  it('resolves at once when its signal is aborted', async () => {
    const follower = { name: 'replica 1', check: () => new Promise<void>(() => {}) }
    await catchUp([follower], 60_000, AbortSignal.abort())
  })
})
