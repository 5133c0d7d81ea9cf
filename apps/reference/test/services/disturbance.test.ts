import { expect, it } from 'vitest'
import { described } from '../../src/services/disturbance.ts'

it('puts a disturbance in words', () => {
  expect(described({})).toBe('')
  expect(described({ drop: 0.2, delayMs: 200 })).toBe('20 % of its messages lost, its messages 200 ms late')
})
