import { describe, expect, it } from 'vitest'
import { bundledFeed } from '../src/bundled-feed.ts'
import { summarizeFeed } from '../src/feed-summary.ts'

describe('bundledFeed', () => {
  it('contains every observation and removal that its README lists', async () => {
    const { observations, removals, lastStates } = await summarizeFeed(bundledFeed)
    expect({ observations, removals, outages: lastStates.size }).toEqual({
      observations: 20_072,
      removals: 6_863,
      outages: 7_832,
    })
    expect([...lastStates.values()].filter((text) => text !== undefined)).toHaveLength(1_574)
  })
})
