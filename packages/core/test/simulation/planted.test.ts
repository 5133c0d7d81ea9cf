import { describe, expect, it } from 'vitest'
import { applyEdits } from '../rules/apply-edits.ts'
import { rules } from '../rules/table.ts'
import { findPlantedBug } from './find-planted-bug.ts'
import { plantedBugs } from './run-planted-bug.ts'
import { undetectable } from './undetectable.ts'

describe('plantedBugs', () => {
  it('have unique names and edits that match the source', () => {
    expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length)
    for (const { edits } of plantedBugs) expect(applyEdits(edits).size).toBeGreaterThan(0)
  })

  it('include every rule of the protocol, except those with a reason why not', () => {
    const planted = new Set(plantedBugs.map(({ name }) => name))
    for (const { name } of rules) expect([name, planted.has(name) !== undetectable.has(name)]).toEqual([name, true])
    for (const name of undetectable.keys()) expect(rules.map((rule) => rule.name)).toContain(name)
  })
})

describe('findPlantedBug', () => {
  it('finds a bug, reproduces it from its seed, and shrinks it to a few steps', async () => {
    const { seed, isReproducible, shrunken } = await findPlantedBug('a gap is applied', { from: 1, seeds: 50 })
    expect({ seed, isReproducible }).toEqual({ seed: expect.any(Number), isReproducible: true })
    expect(shrunken?.history.length).toBeLessThanOrEqual(6)
    expect(shrunken?.problems).not.toEqual([])
  }, 120_000)
})
