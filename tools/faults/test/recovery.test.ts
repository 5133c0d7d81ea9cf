import { describe, expect, test } from 'vitest'
import { Recovery, spanOf } from '../src/audit/recovery.ts'

const cast = { writers: ['w1', 'w2'], replicas: ['r1', 'r2'] }

/** Both replicas have told everything up to 10, and a fault ended at 1,000. */
function disturbed(): Recovery {
  const recovery = new Recovery(cast)
  recovery.acknowledged('w1', 10, 900)
  for (const replica of cast.replicas) recovery.told(replica, 10)
  recovery.begin(1_000)
  return recovery
}

describe('all have recovered', () => {
  test('when every writer had an answer since, and every replica told that', () => {
    const recovery = disturbed()
    recovery.acknowledged('w1', 11, 1_001)
    recovery.acknowledged('w2', 12, 1_002)
    recovery.told('r1', 12)
    expect(recovery.missing).toEqual(['r2'])
    recovery.told('r2', 11)
    expect(recovery.missing).toEqual(['r2'])
    recovery.told('r2', 12)
    expect(recovery.missing).toEqual([])
  })

  test('not by an answer to a write that was begun before', () => {
    const recovery = disturbed()
    recovery.acknowledged('w1', 11, 999)
    recovery.acknowledged('w2', 12, 1_000)
    for (const replica of cast.replicas) recovery.told(replica, 12)
    expect(recovery.missing).toEqual(['w1'])
  })

  test('not before what was acknowledged before the end of the fault was told', () => {
    const recovery = new Recovery(cast)
    recovery.acknowledged('w1', 20, 900)
    recovery.begin(1_000)
    recovery.acknowledged('w1', 5, 1_001)
    recovery.acknowledged('w2', 6, 1_001)
    for (const replica of cast.replicas) recovery.told(replica, 19)
    expect(recovery.missing).toEqual(cast.replicas)
  })

  test('not by what a replica told in a life before', () => {
    const recovery = disturbed()
    for (const writer of cast.writers) recovery.acknowledged(writer, 11, 1_001)
    for (const replica of cast.replicas) recovery.told(replica, 11)
    recovery.gone('r2')
    expect(recovery.missing).toEqual(['r2'])
  })

  test('without what the store lost: nobody waits for it, and it does not stand for what came in its place', () => {
    const recovery = disturbed()
    recovery.lost(4)
    for (const writer of cast.writers) recovery.acknowledged(writer, 6, 1_001)
    expect(recovery.missing).toEqual(cast.replicas)
    for (const replica of cast.replicas) recovery.told(replica, 6)
    expect(recovery.missing).toEqual([])
  })

  test('when nothing was disturbed', () => {
    expect(new Recovery(cast).missing).toEqual([])
  })
})

test('times add up to their median and their maximum', () => {
  expect(spanOf([30, 10, 20])).toEqual({ count: 3, p50: 20, max: 30 })
  expect(spanOf([30, 10])).toEqual({ count: 2, p50: 10, max: 30 })
  expect(spanOf([])).toEqual({ count: 0, p50: 0, max: 0 })
})
