import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkRegisters } from '../src/checker/registers.ts'
import type { Completion, Invocation, Operation } from '../src/history/operation.ts'
import { canonical } from '../src/workload/canonical.ts'
import type { Copies } from '../src/workload/messages.ts'

const key = 'register-1-0'

/** One compare-and-set with its start and its completion. */
interface CompareAndSet {
  readonly writer: string
  readonly expected: number
  readonly value: string
  readonly from: number
  readonly completion: Completion | undefined
}

const evidence = (sets: readonly CompareAndSet[], store: Copies) => ({
  histories: [...new Set(sets.map(({ writer }) => writer))].map((writer) => ({
    writer,
    operations: sets
      .filter((set) => set.writer === writer)
      .map(({ expected, value, from, completion }, n): Operation => {
        const invocation: Invocation = { op: 'cas', key, expected, value, n: n + 1, at: from }
        return { invocation, completion }
      }),
  })),
  store,
  epochs: [],
})

const stored = (version: number, value: string): Copies => ({ [key]: [version, canonical({ value })] })
const set = (writer: string, expected: number, at: readonly [number, number], version?: number): CompareAndSet => ({
  writer,
  expected,
  value: `${writer} ${expected}`,
  from: at[0],
  completion: version === undefined ? undefined : { is: 'acknowledged', n: 1, at: at[1], version },
})
const conflict = (
  writer: string,
  expected: number,
  at: readonly [number, number],
  version: number,
  value?: string,
): CompareAndSet => ({
  ...set(writer, expected, at),
  completion: { is: 'conflict', n: 1, at: at[1], version, ...(value !== undefined && { value }) },
})
const problemCount = (sets: readonly CompareAndSet[], store: Copies): number =>
  checkRegisters(evidence(sets, store)).problems.length

/** The history of a register that executes one call after another, with some results lost. */
const sequentialHistories = fc
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
  .map((calls) => {
    let [version, current] = [0, '']
    const sets = calls.map(({ writer, stale, before, after, answered }, at): CompareAndSet => {
      const expected = Math.max(0, version - stale)
      const applied = expected === version
      const value = `${writer} ${at}`
      if (applied) [version, current] = [version + 1, value]
      const time = at * 10 + 100
      const returned = { n: 1, at: time + after + 1 }
      const completion: Completion = applied
        ? { is: 'acknowledged', version, ...returned }
        : { is: 'conflict', version, value: current, ...returned }
      return { writer, expected, value, from: time - before, completion: answered ? completion : undefined }
    })
    return { sets, store: version === 0 ? {} : stored(version, current) }
  })

describe('checkRegisters', () => {
  it('accepts every sequential history, regardless of which results were lost', () => {
    fc.assert(fc.property(sequentialHistories, ({ sets, store }) => void expect(problemCount(sets, store)).toBe(0)))
  })

  it('finds two successful sets at the same version', () => {
    expect(problemCount([set('a', 0, [0, 9], 1), set('b', 0, [1, 8], 1)], stored(1, 'a 0'))).toBe(1)
  })

  it('finds a conflict with a state that never existed', () => {
    expect(problemCount([set('a', 0, [0, 1], 1), conflict('b', 0, [2, 3], 2)], stored(1, 'a 0'))).toBe(1)
    expect(problemCount([set('a', 0, [0, 1], 1), conflict('b', 0, [2, 3], 1, 'c 0')], stored(1, 'a 0'))).toBe(1)
    expect(problemCount([set('a', 0, [0, 1], 1), conflict('b', 0, [2, 3], 1, 'a 0')], stored(1, 'a 0'))).toBe(0)
  })

  it('finds an acknowledged set that is missing from the final state', () => {
    expect(problemCount([set('a', 0, [0, 1], 1)], {})).toBe(1)
    expect(problemCount([set('a', 0, [0, 1], 1), set('b', 1, [2, 3], 2)], stored(1, 'a 0'))).toBe(1)
  })

  it('finds a conflict with a version that an earlier set had already replaced', () => {
    expect(
      problemCount([set('a', 0, [0, 1], 1), set('b', 1, [2, 3], 2), conflict('c', 2, [4, 5], 1)], stored(2, 'b 1')),
    ).toBe(1)
  })

  it('accepts a set without a result, applied or not', () => {
    expect(problemCount([set('a', 0, [0, 1])], stored(1, 'a 0'))).toBe(0)
    expect(problemCount([set('a', 0, [0, 1])], {})).toBe(0)
    // applied long after it started
    expect(problemCount([set('b', 1, [0, 1]), set('a', 0, [2, 3], 1)], stored(2, 'b 1'))).toBe(0)
  })

  it('ignores a rejected set', () => {
    const rejected: CompareAndSet = {
      ...set('a', 0, [0, 1]),
      completion: { is: 'rejected', n: 1, at: 1, code: 'SYNC_STORE_UNAVAILABLE' },
    }
    expect(problemCount([rejected], {})).toBe(0)
    expect(problemCount([rejected], stored(1, 'a 0'))).toBe(0)
  })

  it('checks no register when the store lost its tail', () => {
    const lost = { ...evidence([set('a', 0, [0, 1], 1)], {}), epochs: [{ from: 'a', to: 'b', lost: true }] }
    expect(checkRegisters(lost)).toEqual({ checked: 0, problems: [] })
  })
})
