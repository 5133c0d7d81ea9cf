import { describe, expect, it } from 'vitest'
import { openTestSetup, type TestSetup } from './test-setup.ts'

/** Commits two changes of `x` that the bus drops and of which the log keeps only the last. */
async function loseChanges(t: TestSetup): Promise<void> {
  t.hub.bus.setFaultRates({ drop: 1 })
  for (const n of [2, 3]) await t.remote.assign('x', { n })
  t.hub.bus.setFaultRates({})
}

/** Starts a check that finds the log truncated, and delays the reply to its version comparison. */
async function checkUntilCompared(t: TestSetup): Promise<{ readonly checking: Promise<void> }> {
  t.requests.holdNext('changesSince')
  const checking = t.sync.catchUp()
  await t.clock.advance(1)
  t.replies.hold('heads')
  t.requests.release()
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  return { checking }
}

describe('catchUp() with a truncated log', () => {
  it('compares versions again when the epoch changes during the comparison', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await loseChanges(t)
    const { checking } = await checkUntilCompared(t)
    t.hub.store.restart()
    expect(await t.local.get('y')).toBeUndefined()
    t.replies.release()
    await t.clock.advance(100)
    await checking
    expect(t.local.peek('x')).toEqual({ n: 3 })
  })

  it('does not skip a gap of the earlier epoch in the new one', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    await loseChanges(t)
    const { checking } = await checkUntilCompared(t)
    t.hub.store.loseTail(2)
    expect(await t.local.get('y')).toBeUndefined()
    t.replies.release()
    await t.clock.advance(100)
    await checking
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 9 })
    await t.sync.catchUp()
    expect(t.local.peek('x')).toEqual({ n: 9 })
    expect(t.events.filter(({ type }) => type === 'epoch')).toHaveLength(1)
  })

  it('repeats a load that was answered before the gap', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    t.replies.hold('load')
    const reading = t.local.get('x')
    await t.clock.advance(1)
    expect(t.replies.held).toBe(1)
    await loseChanges(t)
    await t.sync.catchUp()
    t.replies.release()
    await reading
    await t.clock.advance(1)
    expect(t.local.peek('x')).toEqual({ n: 3 })
  })

  it('reloads a document whose first change arrives while versions are compared', async () => {
    await using t = openTestSetup({ maxChanges: 1 }, { replicate: 'all' })
    await t.local.ready()
    t.hub.bus.delay(50)
    await t.remote.assign('x', { n: 1 })
    await t.clock.advance(1)
    t.hub.bus.delay(0)
    await loseChanges(t)
    const { checking } = await checkUntilCompared(t)
    await t.clock.advance(60)
    expect(t.local.peek('x')).toEqual({ n: 1 })
    t.replies.release()
    await checking
    expect(t.local.peek('x')).toEqual({ n: 3 })
  })
})
