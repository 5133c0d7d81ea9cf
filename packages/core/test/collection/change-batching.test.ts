import { describe, expect, it } from 'vitest'
import { nextBatch } from '../../src/collection/change-batching.ts'
import type { ReplicaEvent } from '../../src/replica/replica-event.ts'

describe('nextBatch()', () => {
  it('returns a position for events before the first change', () => {
    const expiry = (key: string): ReplicaEvent => {
      const reset = { kind: 'reset', value: undefined, reason: 'expired' } as const
      return { key, epoch: 'e', sequence: 0, version: 1, at: 0, ...reset }
    }
    const batching = { maxBatch: 50, combine: false, matches: () => true }
    const { events } = nextBatch([expiry('x'), expiry('y')], batching, () => true)
    expect(events.map(({ position }) => position)).toEqual(['0.e', '0.e'])
  })
})
