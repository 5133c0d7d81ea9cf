import { describe, expect, it } from 'vitest'
import { describeNetworkFault } from '../../src/services/network-fault.ts'

describe('describeNetworkFault()', () => {
  it('lists the active faults', () => {
    expect(describeNetworkFault({})).toBe('')
    expect(describeNetworkFault({ drop: 0.2, delayMs: 200 })).toBe('20 % of messages lost, messages delayed by 200 ms')
  })
})
