import { commonUpTo, holds } from '@sync/core/adapter'
import { expect, test } from 'vitest'

const standing = {
  epoch: 'e3',
  lineage: [
    { epoch: 'e1', sequence: 10, answers: 10 },
    { epoch: 'e2', sequence: 14, answers: 15 },
  ],
}

test('the same epoch is common without end, an ancestor up to its fork, a stranger not at all', () => {
  expect(['e3', 'e2', 'e1', 'x'].map((epoch) => commonUpTo(standing, epoch))).toEqual([
    Number.POSITIVE_INFINITY,
    14,
    10,
    undefined,
  ])
})

test('a place is held at or below the fork of its epoch', () => {
  expect(holds(standing, { epoch: 'e1', sequence: 10 })).toBe(true)
  expect(holds(standing, { epoch: 'e1', sequence: 11 })).toBe(false)
  expect(holds(standing, { epoch: 'x', sequence: 0 })).toBe(false)
})
