import { expect, test } from 'vitest'
import { open, type Stage } from './stage.ts'

/** Two changes of `x` that nobody hears of, and that the log no longer has all of. */
async function miss(t: Stage): Promise<void> {
  t.hub.bus.chance({ drop: 1 })
  for (const n of [2, 3]) await t.other.set('x', { n })
  t.hub.bus.chance({})
}

/** A check that has found the log to reach no longer, and whose answer about the versions is on its way until it is released. */
async function checkUntilCompared(t: Stage): Promise<{ readonly checking: Promise<void> }> {
  t.requests.holdNext('changesSince')
  const checking = t.sync.check()
  await t.clock.advance(1)
  t.replies.hold('heads')
  t.requests.release()
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  return { checking }
}

test('what the store answers of a history that is over while versions are compared is asked again', async () => {
  await using t = open({ maxChanges: 1 })
  await t.other.set('x', { n: 1 })
  await t.c.get('x')
  await miss(t)
  const { checking } = await checkUntilCompared(t)
  t.hub.store.restart()
  expect(await t.c.get('y')).toBeUndefined()
  t.replies.release()
  await t.clock.advance(100)
  await checking
  expect(t.c.peek('x')).toEqual({ n: 3 })
})

test('a gap of a history that is over is not passed over in the next one', async () => {
  await using t = open({ maxChanges: 1 })
  await t.other.set('x', { n: 1 })
  await t.c.get('x')
  await miss(t)
  const { checking } = await checkUntilCompared(t)
  t.hub.store.loseTail(2)
  expect(await t.c.get('y')).toBeUndefined()
  t.replies.release()
  await t.clock.advance(100)
  await checking
  t.hub.bus.chance({ drop: 1 })
  await t.other.set('x', { n: 9 })
  await t.sync.check()
  expect(t.c.peek('x')).toEqual({ n: 9 })
  expect(t.events.filter(({ type }) => type === 'epoch')).toHaveLength(1)
})

test('a load that was answered before a gap which the log does not cover is not enough', async () => {
  await using t = open({ maxChanges: 1 })
  await t.other.set('x', { n: 1 })
  await t.c.ready()
  t.replies.hold('load')
  const reading = t.c.get('x')
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  await miss(t)
  await t.sync.check()
  t.replies.release()
  await reading
  await t.clock.advance(1)
  expect(t.c.peek('x')).toEqual({ n: 3 })
})

test('what is heard of for the first time while versions are compared is not taken to be current', async () => {
  await using t = open({ maxChanges: 1 }, { replicate: 'all' })
  await t.c.ready()
  t.hub.bus.delay(50)
  await t.other.set('x', { n: 1 })
  await t.clock.advance(1)
  t.hub.bus.delay(0)
  await miss(t)
  const { checking } = await checkUntilCompared(t)
  await t.clock.advance(60)
  expect(t.c.peek('x')).toEqual({ n: 1 })
  t.replies.release()
  await checking
  expect(t.c.peek('x')).toEqual({ n: 3 })
})
