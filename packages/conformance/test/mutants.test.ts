import { mutants, tryMutant } from '@sync/conformance/mutants'
import { describe, expect, test } from 'vitest'

describe('a mutant is caught by its rule, in the expected words', () => {
  test.each(mutants.map((mutant) => [mutant.rule, mutant.name, mutant] as const))('%s: %s', async (_, __, mutant) => {
    const { caught, said } = await tryMutant(mutant, { deadline: 30_000 })
    expect(said).toMatch(mutant.says)
    expect(caught).toBe(true)
  })
})
