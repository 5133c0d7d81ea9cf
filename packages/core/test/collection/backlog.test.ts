import { expect, test } from 'vitest'
import { takeBatch } from '../../src/collection/backlog.ts'
import type { Observation } from '../../src/replica/observation.ts'

test('what happens before the first change has a position too', () => {
  const expiry = (key: string): Observation => {
    const gone = { kind: 'jump', value: undefined, reason: 'expired' } as const
    return { key, epoch: 'e', sequence: 0, version: 1, at: 0, ...gone }
  }
  const batching = { maxBatch: 50, combine: false, wants: () => true }
  const { told } = takeBatch([expiry('x'), expiry('y')], batching, () => true)
  expect(told.map(({ position }) => position)).toEqual(['0.e', '0.e'])
})
