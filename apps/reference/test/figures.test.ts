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
  comparison: undefined,
  stats: { ...none, ...stats },
  ...more,
})

describe('totalsOf()', () => {
  it('sums counters, and takes times and scores from the worst replica', () => {
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
        { comparison: { ...noComparisons, equal: 3, stale: 1 } },
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

  it('raises no alert without data', () => {
    const totals = totalsOf(reading('ingest', {}), [])
    expect(findAlerts(totals, 0, [])).toEqual([])
  })
})

describe('findAlerts()', () => {
  it('reports errors, slow propagation, inconsistency and late instances', () => {
    const slow = reading(
      'b',
      { propagation: { p50: 1, p95: 250, p99: 300, count: 4 } },
      { state: 'stale', staleForMs: 7_000, comparison: { ...noComparisons, equal: 9, stale: 1 } },
    )
    const figures = instanceFigures(slow, new LagTracker(), 1_000)
    const alerts = findAlerts(totalsOf(reading('ingest', {}), [slow]), 0.0012, [figures])
    expect(alerts.map(({ rule }) => rule)).toEqual([
      'error rate over 0.1 %',
      'propagation p95 over 100 ms',
      'consistency under 99.9 %',
      'b is stale',
      'b over 5 s behind',
    ])
    expect(alerts.map(({ text }) => text)).toEqual([
      'Error rate is 0.12 % (> 0.1 %)',
      'Propagation p95 is 250 ms (> 100 ms)',
      'Consistency is 90.0 % (< 99.9 %)',
      'b is stale: the store or the bus is unavailable',
      'b is 7 s behind (> 5 s)',
    ])
  })

  it('raises one alert at once when all instances are stale', () => {
    const stale = ['a', 'b'].map((name) =>
      instanceFigures(reading(name, {}, { state: 'stale' }), new LagTracker(), 1_000),
    )
    expect(findAlerts(totalsOf(reading('ingest', {}), []), 0, stale)).toEqual([
      { rule: 'all instances are stale', text: 'All instances are stale: the store or the bus is unavailable' },
    ])
  })

  it('reports an instance that lags without knowing it, and one that no longer reports', () => {
    const lagTracker = new LagTracker()
    lagTracker.record('e', 1, 1_000)
    lagTracker.record('e', 2, 2_000)
    lagTracker.record('e', 9, 8_000)
    const lagging = instanceFigures(reading('lagging', {}, { at: 8_000 }), lagTracker, 8_000)
    expect(lagging).toMatchObject({ behind: 8, behindMs: 6_000, state: 'behind' })
    const silent = instanceFigures(reading('silent', {}, { at: 1_500 }), lagTracker, 9_500)
    expect(silent).toMatchObject({ behind: 0, lagMs: 8_010 })
    const alerts = findAlerts(totalsOf(reading('ingest', {}), []), 0.001, [lagging, silent])
    expect(alerts.map(({ text }) => text)).toEqual(['lagging is 6 s behind (> 5 s)', 'silent is 8 s behind (> 5 s)'])
  })
})
