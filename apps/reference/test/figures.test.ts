import { createInstance, createMemoryHub, memoryBus, memoryStore, type SyncStats } from '@sync/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { findAlerts } from '../src/alerts.ts'
import { type InstanceReading, instanceFigures, totalsOf } from '../src/figures.ts'
import { LagTracker } from '../src/lag-tracker.ts'
import { noComparisons } from '../src/services/comparison.ts'

let none: SyncStats
beforeAll(async () => {
  const hub = createMemoryHub()
  await using sync = createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
  none = sync.stats()
})

const reading = (name: string, stats: Partial<SyncStats>, more: Partial<InstanceReading> = {}): InstanceReading => ({
  name,
  state: 'live',
  staleForMs: 10,
  epoch: 'e',
  sequence: 1,
  documentUnits: 0,
  errors: 0,
  at: 1_000,
  tally: undefined,
  stats: { ...none, ...stats },
  ...more,
})

describe('totals', () => {
  it('add up counters, and take times and scores from the worst replica', () => {
    const writer = reading(
      'ingest',
      { commits: 7, publishedBytes: 70, conflicts: 1 },
      { documentUnits: 700, errors: 2 },
    )
    const replicas = [
      reading(
        'a',
        { changes: 5, gaps: 1, repairs: 1, propagation: { p50: 1, p95: 9, p99: 10, count: 4 } },
        { errors: 1 },
      ),
      reading(
        'b',
        { gaps: 2, repairs: 3, propagation: { p50: 2, p95: 5, p99: 20, count: 4 } },
        { tally: { ...noComparisons, equal: 3, stale: 1 } },
      ),
    ]
    expect(totalsOf(writer, replicas)).toMatchObject({
      commits: 7,
      operations: 12,
      errors: 3,
      conflicts: 1,
      gaps: 3,
      repairs: 4,
      patchUnits: 70,
      documentUnits: 700,
      propagation: { p50: 2, p95: 9, p99: 20 },
      score: 0.75,
    })
  })

  it('of nothing raise no alert', () => {
    const totals = totalsOf(reading('ingest', {}), [])
    expect(findAlerts(totals, 0, [])).toEqual([])
  })
})

describe('alerts', () => {
  it('name slowness, inconsistency and who is behind', () => {
    const slow = reading(
      'b',
      { propagation: { p50: 1, p95: 250, p99: 300, count: 4 } },
      { state: 'stale', staleForMs: 7_000, tally: { ...noComparisons, equal: 9, stale: 1 } },
    )
    const shown = instanceFigures(slow, new LagTracker(), 1_000)
    const alerts = findAlerts(totalsOf(reading('ingest', {}), [slow]), 0.0012, [shown])
    expect(alerts.map(({ rule }) => rule)).toEqual([
      'error rate over 0.1 %',
      'propagation p95 over 100 ms',
      'consistency under 99.9 %',
      'b over 5 s behind',
    ])
    expect(alerts.map(({ text }) => text)).toEqual([
      'error rate is 0.12 % (> 0.1 %)',
      'propagation p95 is 250 ms (> 100 ms)',
      'consistency is 90.0 % (< 99.9 %)',
      'b is 7 s behind (> 5 s)',
    ])
  })

  it('name who is behind the writer for long though it does not know, and who tells nothing any more', () => {
    const lagTracker = new LagTracker()
    lagTracker.record('e', 1, 1_000)
    lagTracker.record('e', 2, 2_000)
    lagTracker.record('e', 9, 8_000)
    const deaf = instanceFigures(reading('deaf', {}, { at: 8_000 }), lagTracker, 8_000)
    expect(deaf).toMatchObject({ behind: 8, behindMs: 6_000 })
    const mute = instanceFigures(reading('mute', {}, { at: 1_500 }), lagTracker, 9_500)
    expect(mute).toMatchObject({ behind: 0, lagMs: 8_010 })
    const alerts = findAlerts(totalsOf(reading('ingest', {}), []), 0.001, [deaf, mute])
    expect(alerts.map(({ text }) => text)).toEqual(['deaf is 6 s behind (> 5 s)', 'mute is 8 s behind (> 5 s)'])
  })
})
