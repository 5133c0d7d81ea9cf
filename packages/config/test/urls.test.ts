import { SyncError } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { openBus, openStore } from '../src/index.ts'

const PIECES = [
  '',
  '?',
  '&',
  '=',
  '#',
  '%',
  '%zz',
  '//',
  '@',
  ':',
  '__proto__',
  'toString',
  '\u0000',
  '\ud800',
  'é',
  ' ',
]

it('openStore() and openBus() open any URL or reject it with a SyncError', async () => {
  let rejected = 0
  for (let seed = 1; seed <= 5_000; seed++) {
    const { random } = createVirtualRuntime(seed)
    const below = (n: number): number => Math.floor(random() * n)
    let url = 'memory:hub?a=1'
    for (let edits = 1 + below(4); edits > 0; edits--) {
      const at = below(url.length + 1)
      url = url.slice(0, at) + PIECES[below(PIECES.length)] + url.slice(at + below(4))
    }
    for (const open of [openStore, openBus]) {
      try {
        await (await open(url)).close()
      } catch (error) {
        expect(error, `seed ${seed}: ${url}`).toBeInstanceOf(SyncError)
        rejected++
      }
    }
  }
  expect(rejected).toBeGreaterThan(0)
  expect(rejected).toBeLessThan(10_000)
}, 60_000)

describe('openBus()', () => {
  it.each([
    'redis://host?constructor=1',
    'redis://host?__proto__=1',
    'nats://host?toString=1',
    'nats://host?__proto__=1',
  ])('rejects a parameter named like a member of Object.prototype: %s', async (url) => {
    await expect(openBus(url)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })

  it.each(['redis://a%zz@host', 'kafka://a%zz@host:9092'])(
    'rejects an incomplete percent-encoding: %s',
    async (url) => {
      await expect(openBus(url)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    },
  )
})
