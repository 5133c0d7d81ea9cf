import { expect, test } from 'vitest'
import type { Observation } from '../../src/replica/observation.ts'
import { OrderedFeed } from '../../src/replica/ordered-feed.ts'

const at = (sequence: number): Observation => ({
  key: 'k',
  epoch: 'e',
  sequence,
  version: 1,
  at: 0,
  kind: 'jump',
  reason: 'snapshot',
  value: undefined,
})

test('goes on where another count begins, however far from the one before', () => {
  const feed = new OrderedFeed()
  const heard: (number | string)[] = []
  feed.observe({
    reach: 2,
    observe: ({ sequence }) => heard.push(sequence),
    jump: (sequence, reason) => heard.push(`${reason} ${sequence}`),
  })
  feed.startAt(2)
  feed.adopt(1e15, undefined)
  // not one after the other: there are too many
  expect(feed.released).toBe(1e15)
  feed.put(1e15 + 1, () => at(1e15 + 1))
  feed.release(1e15 + 1)
  expect(heard).toEqual([`epoch ${1e15}`, 1e15 + 1])
})
