import type { SyncEvent } from '@sync/core'
import { createTestCluster, type TestCluster } from '@sync/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BoxOffice, createBoxOffice, seats } from '../src/seats.ts'

let cluster: TestCluster
let offices: [BoxOffice, BoxOffice]
let events: SyncEvent['type'][]

beforeEach(async () => {
  // The same seed gives the same run.
  cluster = createTestCluster({ instances: 2, seed: 7 })
  const [a, b] = cluster.instances.map((instance) => instance.collection(seats, { partition: 'opera' }))
  if (!a || !b) throw new Error('expected two instances')
  await Promise.all([a.ready(), b.ready()])
  offices = [createBoxOffice(a), createBoxOffice(b)]
  events = []
  cluster.instances[1]?.onEvent(({ type }) => events.push(type))
})
afterEach(() => cluster[Symbol.asyncDispose]())

describe('reserve', () => {
  it('gives a seat to one of two customers who ask at the same time', async () => {
    const [ann, bob] = await Promise.all([offices[0].reserve('A1', 'ann'), offices[1].reserve('A1', 'bob')])
    expect([ann, bob].filter(Boolean)).toHaveLength(1)
  })

  it('resolves to true when the customer has the seat already', async () => {
    await offices[0].reserve('A1', 'ann')
    expect(await offices[1].reserve('A1', 'ann')).toBe(true)
  })

  it('refuses a taken seat although this instance missed the message', async () => {
    cluster.bus.drop(1, { to: cluster.instances[1] })
    await offices[0].reserve('A1', 'ann')
    expect(offices[1].looksFree('A1')).toBe(true)
    expect(await offices[1].reserve('A1', 'bob')).toBe(false)
  })
})

describe('looksFree', () => {
  it('is right again after the heartbeat check when the last message was lost', async () => {
    cluster.bus.drop(1, { to: cluster.instances[1] })
    await offices[0].reserve('A1', 'ann')
    await cluster.clock.advance(1_000)
    expect(offices[1].looksFree('A1')).toBe(true)

    await cluster.clock.advance(5_000) // the default interval of the heartbeat check
    expect(offices[1].looksFree('A1')).toBe(false)
    expect(events).toContain('repaired')
  })

  it('is right again within a second when another message follows the lost one', async () => {
    cluster.bus.drop(1, { to: cluster.instances[1] })
    await offices[0].reserve('A1', 'ann')
    await offices[0].reserve('A2', 'ann')
    await cluster.clock.advance(1_000)
    expect(offices[1].looksFree('A1')).toBe(false)
    expect(events).toEqual(expect.arrayContaining(['gap', 'repaired']))
  })

  it('answers from memory while the store is unavailable', async () => {
    await offices[0].reserve('A1', 'ann')
    await cluster.settle()
    cluster.store.makeUnavailable()
    await cluster.clock.advance(60_000)
    expect(offices[1].looksFree('A1')).toBe(false)
    expect(events).toContain('store-unavailable')
  })

  it('is true again when ten minutes have passed', async () => {
    await offices[0].reserve('A1', 'ann')
    await cluster.settle()
    await cluster.clock.advance(11 * 60_000)
    expect(offices.map((office) => office.looksFree('A1'))).toEqual([true, true])
  })
})
