import { describe, expect, test } from 'vitest'
import { Recovery, summarizeTimes } from '../src/checker/recovery.ts'

const participants = { writers: ['w1', 'w2'], replicas: ['r1', 'r2'] }

/** Both replicas have told everything up to 10, and a fault ended at 1,000. */
function disturbed(): Recovery {
  const recovery = new Recovery(participants)
  recovery.onAcknowledged('w1', 10, 900)
  for (const replica of participants.replicas) recovery.onDelivered(replica, 10)
  recovery.start(1_000)
  return recovery
}

describe('all have recovered', () => {
  test('when every writer had an answer since, and every replica told that', () => {
    const recovery = disturbed()
    recovery.onAcknowledged('w1', 11, 1_001)
    recovery.onAcknowledged('w2', 12, 1_002)
    recovery.onDelivered('r1', 12)
    expect(recovery.notRecovered).toEqual(['r2'])
    recovery.onDelivered('r2', 11)
    expect(recovery.notRecovered).toEqual(['r2'])
    recovery.onDelivered('r2', 12)
    expect(recovery.notRecovered).toEqual([])
  })

  test('not by an answer to a write that was begun before', () => {
    const recovery = disturbed()
    recovery.onAcknowledged('w1', 11, 999)
    recovery.onAcknowledged('w2', 12, 1_000)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 12)
    expect(recovery.notRecovered).toEqual(['w1'])
  })

  test('not before what was acknowledged before the end of the fault was told', () => {
    const recovery = new Recovery(participants)
    recovery.onAcknowledged('w1', 20, 900)
    recovery.start(1_000)
    recovery.onAcknowledged('w1', 5, 1_001)
    recovery.onAcknowledged('w2', 6, 1_001)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 19)
    expect(recovery.notRecovered).toEqual(participants.replicas)
  })

  test('not by what a replica told in a life before', () => {
    const recovery = disturbed()
    for (const writer of participants.writers) recovery.onAcknowledged(writer, 11, 1_001)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 11)
    recovery.onReplicaEnded('r2')
    expect(recovery.notRecovered).toEqual(['r2'])
  })

  test('without what the store lost: nobody waits for it, and it does not stand for what came in its place', () => {
    const recovery = disturbed()
    recovery.onHistoryLost(4)
    for (const writer of participants.writers) recovery.onAcknowledged(writer, 6, 1_001)
    expect(recovery.notRecovered).toEqual(participants.replicas)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 6)
    expect(recovery.notRecovered).toEqual([])
  })

  test('when nothing was disturbed', () => {
    expect(new Recovery(participants).notRecovered).toEqual([])
  })
})

test('times add up to their median and their maximum', () => {
  expect(summarizeTimes([30, 10, 20])).toEqual({ count: 3, p50: 20, max: 30 })
  expect(summarizeTimes([30, 10])).toEqual({ count: 2, p50: 10, max: 30 })
  expect(summarizeTimes([])).toEqual({ count: 0, p50: 0, max: 0 })
})
