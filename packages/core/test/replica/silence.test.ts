import { expect, test, vi } from 'vitest'
import { open } from './stage.ts'

test('a lost message is found, though an answer has told of later ones since', async () => {
  await using t = open()
  await t.other.set('x', { n: 1 })
  await t.c.get('x')
  t.hub.bus.chance({ drop: 1 })
  await t.other.set('x', { n: 2 })
  await t.other.set('y', { n: 1 })
  expect(await t.c.get('y')).toEqual({ n: 1 })
  expect(t.c.peek('x')).toEqual({ n: 1 })
  await t.sync.check()
  expect(t.c.peek('x')).toEqual({ n: 2 })
})

test('the store is told the highest sequence that was shown, also beyond a hole', async () => {
  await using t = open()
  await t.c.ready()
  t.hub.bus.chance({ drop: 1 })
  await t.other.set('x', { n: 1 })
  await t.other.set('y', { n: 1 })
  await t.c.get('y')
  const heads = vi.spyOn(t.requests.store, 'heads')
  await t.sync.check()
  expect(heads.mock.calls).toMatchObject([[[{ shown: { sequence: 2 } }]]])
})

test('a frame that was overtaken still brings what it has', async () => {
  await using t = open()
  await t.other.set('x', { n: 0 })
  await t.c.get('x')
  await t.c.get('y')
  t.hub.bus.reorder(2)
  await Promise.all([t.other.set('x', { n: 1 }), t.other.set('y', { n: 1 })])
  await t.other.set('x', { n: 2 })
  await t.clock.advance(10)
  expect([t.c.peek('x'), t.c.peek('y')]).toEqual([{ n: 2 }, { n: 1 }])
  expect(t.sync.stats()).toMatchObject({ gaps: 0, repairs: 0 })
})
