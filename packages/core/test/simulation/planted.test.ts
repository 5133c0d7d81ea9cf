import { expect, test } from 'vitest'
import { patched } from '../rules/patched.ts'
import { find } from './find.ts'
import { plants } from './planted.ts'

test('every planted fault has its own name, and its place in the source', () => {
  expect(new Set(plants.map(({ name }) => name)).size).toBe(plants.length)
  for (const { edits } of plants) expect(patched(edits).size).toBeGreaterThan(0)
})

test('a planted fault is found, and told with its seed', async () => {
  expect(await find('a gap is applied', { from: 1, seeds: 50 })).toEqual({
    seed: expect.any(Number),
    first: expect.any(String),
  })
}, 60_000)
