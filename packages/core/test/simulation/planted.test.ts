import { expect, test } from 'vitest'
import { patched } from '../rules/patched.ts'
import { rules } from '../rules/table.ts'
import { find } from './find.ts'
import { plants } from './planted.ts'
import { unseen } from './unseen.ts'

test('every planted fault has its own name, and its place in the source', () => {
  expect(new Set(plants.map(({ name }) => name)).size).toBe(plants.length)
  for (const { edits } of plants) expect(patched(edits).size).toBeGreaterThan(0)
})

test('every rule of the protocol is planted, or it is said why not', () => {
  const planted = new Set(plants.map(({ name }) => name))
  for (const { name } of rules) expect([name, planted.has(name) !== unseen.has(name)]).toEqual([name, true])
  for (const name of unseen.keys()) expect(rules.map((rule) => rule.name)).toContain(name)
})

test('a planted fault is found; its seed gives it again, and a few of its steps are enough', async () => {
  const { seed, again, shrunken } = await find('a gap is applied', { from: 1, seeds: 50 })
  expect({ seed, again }).toEqual({ seed: expect.any(Number), again: true })
  expect(shrunken?.history.length).toBeLessThanOrEqual(6)
  expect(shrunken?.wrong).not.toEqual([])
}, 120_000)
