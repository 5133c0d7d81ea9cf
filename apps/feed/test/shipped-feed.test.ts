import { expect, it } from 'vitest'
import { shippedFeed } from '../src/shipped-feed.ts'
import { survey } from '../src/survey.ts'

it('the feed that comes with the repository is whole', async () => {
  const { observations, removals, last } = await survey(shippedFeed)
  expect({ observations, removals, outages: last.size }).toEqual({
    observations: 20_072,
    removals: 6_863,
    outages: 7_832,
  })
  expect([...last.values()].filter((text) => text !== undefined)).toHaveLength(1_574)
})
