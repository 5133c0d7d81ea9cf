import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkRegisters } from '../src/checker/registers.ts'
import type { Completion, Invocation, Operation } from '../src/history/operation.ts'
import { canonical } from '../src/workload/canonical.ts'
import type { Copies } from '../src/workload/messages.ts'

const key = 'register-1-0'

/** One compare-and-set: from what to what, when it was asked and answered, and how. */
interface Set {
  readonly writer: string
  readonly expected: number
  readonly value: string
  readonly from: number
  readonly outcome: Completion | undefined
}

const evidence = (sets: readonly Set[], store: Copies) => ({
  histories: [...new Set(sets.map(({ writer }) => writer))].map((writer) => ({
    writer,
    operations: sets
      .filter((each) => each.writer === writer)
      .map(({ expected, value, from, outcome: completion }, n): Operation => {
        const invocation: Invocation = { op: 'cas', key, expected, value, n: n + 1, at: from }
        return { invocation, completion }
      }),
  })),
  store,
  epochs: [],
})

const stored = (version: number, value: string): Copies => ({ [key]: [version, canonical({ value })] })
const set = (writer: string, expected: number, at: readonly [number, number], version?: number): Set => ({
  writer,
  expected,
  value: `${writer} ${expected}`,
  from: at[0],
  outcome: version === undefined ? undefined : { is: 'acknowledged', n: 1, at: at[1], version },
})
const met = (
  writer: string,
  expected: number,
  at: readonly [number, number],
  version: number,
  value?: string,
): Set => ({
  ...set(writer, expected, at),
  outcome: { is: 'conflict', n: 1, at: at[1], version, ...(value !== undefined && { value }) },
})
const wrongs = (sets: readonly Set[], store: Copies): number => checkRegisters(evidence(sets, store)).problems.length

/** A register that is asked one call after another; some answers are lost. */
const executed = fc
  .array(
    fc.record({
      writer: fc.constantFrom('a', 'b', 'c'),
      stale: fc.nat(2),
      before: fc.nat(30),
      after: fc.nat(30),
      answered: fc.boolean(),
    }),
    { maxLength: 25 },
  )
  .map((asked) => {
    let [version, current] = [0, '']
    const sets = asked.map(({ writer, stale, before, after, answered }, at): Set => {
      const expected = Math.max(0, version - stale)
      const done = expected === version
      const value = `${writer} ${at}`
      if (done) [version, current] = [version + 1, value]
      const time = at * 10 + 100
      const returned = { n: 1, at: time + after + 1 }
      const outcome: Completion = done
        ? { is: 'acknowledged', version, ...returned }
        : { is: 'conflict', version, value: current, ...returned }
      return { writer, expected, value, from: time - before, outcome: answered ? outcome : undefined }
    })
    return { sets, store: version === 0 ? {} : stored(version, current) }
  })

describe('the history of a register', () => {
  test('is linearizable whenever it came about one call at a time, whichever answers were lost', () => {
    fc.assert(fc.property(executed, ({ sets, store }) => void expect(wrongs(sets, store)).toBe(0)))
  })

  test('is not if two were told that they set it at the same version', () => {
    expect(wrongs([set('a', 0, [0, 9], 1), set('b', 0, [1, 8], 1)], stored(1, 'a 0'))).toBe(1)
  })

  test('is not if one was told a conflict with a version that never was', () => {
    expect(wrongs([set('a', 0, [0, 1], 1), met('b', 0, [2, 3], 2)], stored(1, 'a 0'))).toBe(1)
    expect(wrongs([set('a', 0, [0, 1], 1), met('b', 0, [2, 3], 1, 'c 0')], stored(1, 'a 0'))).toBe(1)
    expect(wrongs([set('a', 0, [0, 1], 1), met('b', 0, [2, 3], 1, 'a 0')], stored(1, 'a 0'))).toBe(0)
  })

  test('is not if what was acknowledged is not there in the end', () => {
    expect(wrongs([set('a', 0, [0, 1], 1)], {})).toBe(1)
    expect(wrongs([set('a', 0, [0, 1], 1), set('b', 1, [2, 3], 2)], stored(1, 'a 0'))).toBe(1)
  })

  test('is not if one set it from a version that an earlier one had already left', () => {
    expect(wrongs([set('a', 0, [0, 1], 1), set('b', 1, [2, 3], 2), met('c', 2, [4, 5], 1)], stored(2, 'b 1'))).toBe(1)
  })

  test('may hold one without an answer, done or not', () => {
    expect(wrongs([set('a', 0, [0, 1])], stored(1, 'a 0'))).toBe(0)
    expect(wrongs([set('a', 0, [0, 1])], {})).toBe(0)
    // long after it was asked
    expect(wrongs([set('b', 1, [0, 1]), set('a', 0, [2, 3], 1)], stored(2, 'b 1'))).toBe(0)
  })

  test('has none that was refused', () => {
    const refused: Set = {
      ...set('a', 0, [0, 1]),
      outcome: { is: 'refused', n: 1, at: 1, code: 'SYNC_STORE_UNAVAILABLE' },
    }
    expect(wrongs([refused], {})).toBe(0)
    expect(wrongs([refused], stored(1, 'a 0'))).toBe(0)
  })

  test('is not judged where the store lost its tail', () => {
    const lost = { ...evidence([set('a', 0, [0, 1], 1)], {}), epochs: [{ from: 'a', to: 'b', lost: true }] }
    expect(checkRegisters(lost)).toEqual({ checked: 0, problems: [] })
  })
})
