import { createMemoryHub, createSync, memoryBus, memoryStore, type SyncStats } from '@sync/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { alertsOf, instanceFigures, type Reading, totalsOf } from '../src/figures.ts'
import { noTally } from '../src/verdict.ts'

let none: SyncStats
beforeAll(async () => {
  const hub = createMemoryHub()
  await using sync = createSync({ store: memoryStore(hub), bus: memoryBus(hub) })
  none = sync.stats()
})

const reading = (name: string, stats: Partial<SyncStats>, more: Partial<Reading> = {}): Reading => ({
  name,
  state: 'live',
  staleForMs: 10,
  head: '1.e',
  tally: undefined,
  stats: { ...none, ...stats },
  ...more,
})

describe('totals', () => {
  it('add up counters, and take times and scores from the worst replica', () => {
    const writer = reading('ingest', { commits: 7, publishedBytes: 70, conflicts: 1 })
    const replicas = [
      reading('a', { gaps: 1, repairs: 1, propagation: { p50: 1, p95: 9, p99: 10, count: 4 } }),
      reading(
        'b',
        { gaps: 2, repairs: 3, propagation: { p50: 2, p95: 5, p99: 20, count: 4 } },
        { tally: { ...noTally, equal: 3, stale: 1 } },
      ),
    ]
    expect(totalsOf(writer, replicas, 700)).toMatchObject({
      commits: 7,
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
    const totals = totalsOf(reading('ingest', {}), [], 0)
    expect(alertsOf(totals, [])).toEqual([])
  })
})

describe('alerts', () => {
  it('name slowness, inconsistency and who is behind', () => {
    const slow = reading(
      'b',
      { propagation: { p50: 1, p95: 250, p99: 300, count: 4 } },
      { state: 'stale', staleForMs: 7_000, tally: { ...noTally, equal: 9, stale: 1 } },
    )
    expect(alertsOf(totalsOf(reading('ingest', {}), [slow], 0), [instanceFigures(slow)])).toEqual([
      'propagation p95 is 250 ms (> 100 ms)',
      'consistency is 90.0 % (< 99.9 %)',
      'b is 7 s behind (> 5 s)',
    ])
  })
})
