import { expect, it } from 'vitest'
import { catchUp } from '../src/catch-up.ts'

const never = new AbortController().signal

it('asks again while the store is away', async () => {
  let asked = 0
  const check = async (): Promise<void> => {
    if (++asked === 1) throw new Error('away')
  }
  await catchUp([{ name: 'replica 1', check }], 5_000, never)
  expect(asked).toBe(2)
})

it('names who was not there by the deadline, and why', async () => {
  const followers = [
    { name: 'replica 1', check: () => Promise.resolve() },
    { name: 'replica 2', check: () => Promise.reject(new Error('away')) },
    { name: 'replica 3', check: () => new Promise<void>(() => {}) },
  ]
  await expect(catchUp(followers, 50, never)).rejects.toThrow('within 0.05 s: replica 2 (away), replica 3')
})

it('ends at once when told to', async () => {
  const follower = { name: 'replica 1', check: () => new Promise<void>(() => {}) }
  await catchUp([follower], 60_000, AbortSignal.abort())
})
