import { expect, it } from 'vitest'
import { describeNetworkFault } from '../../src/services/network-fault.ts'

it('puts a disturbance in words', () => {
  expect(describeNetworkFault({})).toBe('')
  expect(describeNetworkFault({ drop: 0.2, delayMs: 200 })).toBe('20 % of its messages lost, its messages 200 ms late')
})
