import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/model/json.ts'
import { apply, compact, type Operation, SyncError } from '../../src/patch/index.ts'

interface Case {
  readonly comment?: string
  readonly doc: Json
  readonly patch: Operation[]
  readonly expected?: Json
  readonly error?: string
  readonly disabled?: boolean
}

/**
 * Returns the suite's cases, including those that it disables because some implementations fail them. Omits the two
 * cases of an operation with a repeated member name, because parsing the file loses the repetition.
 */
function cases(file: string): Case[] {
  const all = JSON.parse(readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8')) as Case[]
  return all.filter(({ patch, error }) => patch !== undefined && !/two 'op' members/.test(error ?? ''))
}

describe.for(['tests.json', 'spec_tests.json'])('apply() on the public JSON Patch suite %s', (file) => {
  it("finds the suite's cases", () => {
    expect(cases(file).length).toBeGreaterThan(15)
  })

  it.for(cases(file).map((each, i) => [i, each.comment ?? each.error ?? '', each] as const))(
    'passes case %d: %s',
    ([, , { doc, patch, expected, error }]) => {
      if (error !== undefined) expect(() => apply(doc, patch)).toThrow(SyncError)
      else {
        const result = apply(doc, patch)
        if (expected !== undefined) expect(result).toEqual(expected)
        expect(apply(doc, compact(patch))).toEqual(result)
      }
    },
  )
})
