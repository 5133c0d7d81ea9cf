import { describe, expect, it } from 'vitest'
import { Recovery, summarizeTimes } from '../src/checker/recovery.ts'

const participants = { writers: ['w1', 'w2'], replicas: ['r1', 'r2'] }

/** Both replicas have delivered everything up to sequence 10, and a fault ended at 1,000 ms. */
function afterFault(): Recovery {
  const recovery = new Recovery(participants)
  recovery.onAcknowledged('w1', 10, 900)
  for (const replica of participants.replicas) recovery.onDelivered(replica, 10)
  recovery.start(1_000)
  return recovery
}

describe('Recovery', () => {
  it('waits until every writer has a new acknowledgement and every replica has delivered it', () => {
    const recovery = afterFault()
    recovery.onAcknowledged('w1', 11, 1_001)
    recovery.onAcknowledged('w2', 12, 1_002)
    recovery.onDelivered('r1', 12)
    expect(recovery.notRecovered).toEqual(['r2'])
    recovery.onDelivered('r2', 11)
    expect(recovery.notRecovered).toEqual(['r2'])
    recovery.onDelivered('r2', 12)
    expect(recovery.notRecovered).toEqual([])
  })

  it('does not count the acknowledgement of a write that started before the end of the fault', () => {
    const recovery = afterFault()
    recovery.onAcknowledged('w1', 11, 999)
    recovery.onAcknowledged('w2', 12, 1_000)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 12)
    expect(recovery.notRecovered).toEqual(['w1'])
  })

  it('waits for the delivery of everything acknowledged before the end of the fault', () => {
    const recovery = new Recovery(participants)
    recovery.onAcknowledged('w1', 20, 900)
    recovery.start(1_000)
    recovery.onAcknowledged('w1', 5, 1_001)
    recovery.onAcknowledged('w2', 6, 1_001)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 19)
    expect(recovery.notRecovered).toEqual(participants.replicas)
  })

  it('does not count deliveries of an earlier incarnation', () => {
    const recovery = afterFault()
    for (const writer of participants.writers) recovery.onAcknowledged(writer, 11, 1_001)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 11)
    recovery.onReplicaEnded('r2')
    expect(recovery.notRecovered).toEqual(['r2'])
  })

  it('does not wait for lost commits, and does not count them as their replacements', () => {
    const recovery = afterFault()
    recovery.onHistoryLost(4)
    for (const writer of participants.writers) recovery.onAcknowledged(writer, 6, 1_001)
    expect(recovery.notRecovered).toEqual(participants.replicas)
    for (const replica of participants.replicas) recovery.onDelivered(replica, 6)
    expect(recovery.notRecovered).toEqual([])
  })

  it('waits for no worker when there was no fault', () => {
    expect(new Recovery(participants).notRecovered).toEqual([])
  })
})

describe('summarizeTimes', () => {
  it('returns count, median and maximum', () => {
    expect(summarizeTimes([30, 10, 20])).toEqual({ count: 3, p50: 20, max: 30 })
    expect(summarizeTimes([30, 10])).toEqual({ count: 2, p50: 10, max: 30 })
    expect(summarizeTimes([])).toEqual({ count: 0, p50: 0, max: 0 })
  })
})
