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
    const feed = new ReorderBuffer()
    const heard: (number | string)[] = []
    feed.observe({
      highestSeen: 2,
      observe: ({ sequence }) => heard.push(sequence),
      reset: (sequence, reason) => heard.push(`${reason} ${sequence}`),
    })
    feed.startAt(2)
    feed.switchEpoch(1e15, undefined)
    // not one after the other: there are too many
    expect(feed.released).toBe(1e15)
    feed.put(1e15 + 1, () => at(1e15 + 1))
    feed.releaseUpTo(1e15 + 1)
    expect(heard).toEqual([`epoch ${1e15}`, 1e15 + 1])
  })
})
