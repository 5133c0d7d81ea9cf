import { commonSequence, includesPosition } from '@sync/core/adapter'
import { expect, test } from 'vitest'

const standing = {
  epoch: 'e3',
  ancestors: [
    { epoch: 'e1', sequence: 10, opResultCount: 10 },
    { epoch: 'e2', sequence: 14, opResultCount: 15 },
  ],
}

test('the same epoch is common without end, an ancestor up to its fork, a stranger not at all', () => {
  expect(['e3', 'e2', 'e1', 'x'].map((epoch) => commonSequence(standing, epoch))).toEqual([
    Number.POSITIVE_INFINITY,
    14,
    10,
    undefined,
  ])
})

test('a place is held at or below the fork of its epoch', () => {
  expect(includesPosition(standing, { epoch: 'e1', sequence: 10 })).toBe(true)
  expect(includesPosition(standing, { epoch: 'e1', sequence: 11 })).toBe(false)
  expect(includesPosition(standing, { epoch: 'x', sequence: 0 })).toBe(false)
})
