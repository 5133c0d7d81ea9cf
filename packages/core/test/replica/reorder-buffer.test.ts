import { describe, expect, it } from 'vitest'
import { ReorderBuffer } from '../../src/replica/reorder-buffer.ts'
import type { ReplicaEvent } from '../../src/replica/replica-event.ts'

const at = (sequence: number): ReplicaEvent => ({
  key: 'k',
  epoch: 'e',
  sequence,
  version: 1,
  at: 0,
  kind: 'reset',
  reason: 'snapshot',
  value: undefined,
})

describe('ReorderBuffer', () => {
  it('continues at any sequence when the epoch changes', () => {
    const buffer = new ReorderBuffer()
    const received: (number | string)[] = []
    buffer.observe({
      highestSeen: 2,
      observe: ({ sequence }) => received.push(sequence),
      reset: (sequence, reason) => received.push(`${reason} ${sequence}`),
    })
    buffer.startAt(2)
    buffer.switchEpoch(1e15, undefined)
    // counting up to it one by one would take too long
    expect(buffer.released).toBe(1e15)
    buffer.put(1e15 + 1, () => at(1e15 + 1))
    buffer.releaseUpTo(1e15 + 1)
    expect(received).toEqual([`epoch ${1e15}`, 1e15 + 1])
  })
})
