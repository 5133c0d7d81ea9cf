import { SyncError } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { expect, test } from 'vitest'
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

test('whatever URL it is given it opens or refuses with an error of ours', async () => {
  let refused = 0
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
        refused++
      }
    }
  }
  expect(refused).toBeGreaterThan(0)
  expect(refused).toBeLessThan(10_000)
}, 60_000)

test.each([
  'redis://host?constructor=1',
  'redis://host?__proto__=1',
  'redis://a%zz@host',
  'nats://host?toString=1',
  'nats://host?__proto__=1',
  'kafka://a%zz@host:9092',
])('what every object has is no parameter, and what is half encoded no name: %s', async (url) => {
  await expect(openBus(url)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
})
