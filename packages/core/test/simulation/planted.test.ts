import { expect, test } from 'vitest'
import { applyEdits } from '../rules/apply-edits.ts'
import { rules } from '../rules/table.ts'
import { findMutant } from './find-mutant.ts'
import { mutants } from './run-mutant.ts'
import { undetectable } from './undetectable.ts'

test('every planted fault has its own name, and its place in the source', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  for (const { edits } of mutants) expect(applyEdits(edits).size).toBeGreaterThan(0)
})

test('every rule of the protocol is planted, or it is said why not', () => {
  const planted = new Set(mutants.map(({ name }) => name))
  for (const { name } of rules) expect([name, planted.has(name) !== undetectable.has(name)]).toEqual([name, true])
  for (const name of undetectable.keys()) expect(rules.map((rule) => rule.name)).toContain(name)
})

test('a planted fault is found; its seed gives it again, and a few of its steps are enough', async () => {
  const { seed, isReproducible, shrunken } = await findMutant('a gap is applied', { from: 1, seeds: 50 })
  expect({ seed, again: isReproducible }).toEqual({ seed: expect.any(Number), again: true })
  expect(shrunken?.history.length).toBeLessThanOrEqual(6)
  expect(shrunken?.wrong).not.toEqual([])
}, 120_000)
