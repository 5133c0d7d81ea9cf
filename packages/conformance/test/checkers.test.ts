import { type Call, checkLinearizability, findViolation, type Model } from '@sync/conformance'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const history = (sent: readonly number[], received: readonly number[]) => ({ key: 'a', client: 'B', sent, received })
const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9]

describe('findViolation(history)', () => {
  test.each([
    [[1, 2, 4, 3, 5], 'key "a": sent 1…9, got 1 2 4 3 ← first inversion at #3, client B'],
    [[1, 2, 2, 3], 'key "a": sent 1…9, got 1 2 2 ← 2 repeated at #3, client B'],
    [[1, 2, 3, 4, 6, 7, 8, 9], 'key "a": sent 1…9, got 1…4 6 ← 5 never arrived, client B'],
    [[1, 2, 3, 4, 5, 6, 7, 8], 'key "a": sent 1…9, got 1…8 ← 9 never arrived, client B'],
    [[1, 77], 'key "a": sent 1…9, got 1 77 ← 77 was never sent, client B'],
    [[], 'key "a": sent 1…9, got nothing ← 1 never arrived, client B'],
  ])('describes the first violation in %j, and nothing after it', (received, violation) => {
    expect(findViolation(history(nine, received))).toBe(violation)
  })

  test('accepts a history if and only if it equals the sent changes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(9)), fc.array(fc.nat(9), { maxLength: 10 }), (sent, received) => {
        expect(findViolation(history(sent, received)) === undefined).toBe(
          JSON.stringify(sent) === JSON.stringify(received),
        )
      }),
    )
  })

  test('reports only a wrong order when duplicates and losses are tolerated', () => {
    fc.assert(
      fc.property(fc.subarray(nine), fc.infiniteStream(fc.boolean()), (kept, repeats) => {
        const received = kept.flatMap((each) => (repeats.next().value ? [each, each] : [each]))
        const tolerance = { allowDuplicates: true, allowLosses: true }
        expect(findViolation(history(nine, received), tolerance)).toBeUndefined()
        expect(findViolation(history(nine, [...received].reverse()), tolerance) === undefined).toBe(kept.length < 2)
      }),
    )
  })
})

/** Input of a register with one value: a write, or a read. */
type Input = { readonly write?: number }
const register: Model<number, Input, number> = {
  initial: 0,
  stateKey: String,
  step: (state, { write }, output) =>
    write !== undefined ? write : output === undefined || output === state ? state : undefined,
}
/** The same register, with reads declared as read-only. */
const registerWithReads: typeof register = { ...register, isReadOnly: ({ write }) => write === undefined }
const call = (invokedAt: number, at: number | undefined, input: Input, output = 0): Call<Input, number> => ({
  client: 'c',
  input,
  invokedAt,
  returned: at === undefined ? undefined : { at, output },
})

describe('checkLinearizability(history, model)', () => {
  test.each<[string, boolean, Call<Input, number>[]]>([
    ['accepts an empty history', true, []],
    [
      'accepts either value when a read begins before the write ends',
      true,
      [call(0, 3, { write: 1 }), call(1, 2, {}, 0), call(1, 2, {}, 1)],
    ],
    ['rejects a read after the write that misses it', false, [call(0, 1, { write: 1 }), call(2, 3, {}, 0)]],
    [
      'rejects a later read that returns the older value',
      false,
      [call(0, 9, { write: 1 }), call(1, 2, {}, 1), call(3, 4, {}, 0)],
    ],
    ['accepts a read that sees an unanswered write', true, [call(0, undefined, { write: 1 }), call(5, 6, {}, 1)]],
    [
      'accepts a read that does not see an unanswered write',
      true,
      [call(0, undefined, { write: 1 }), call(5, 6, {}, 0)],
    ],
    [
      'accepts an unanswered write that only a later read sees',
      true,
      [call(0, undefined, { write: 1 }), call(5, 6, {}, 0), call(7, 8, {}, 1)],
    ],
    [
      'rejects a read that sees an unanswered write before its invocation',
      false,
      [call(5, undefined, { write: 1 }), call(1, 2, {}, 1)],
    ],
  ])('%s', (_, linearizable, calls) => {
    expect(checkLinearizability(calls, register).linearizable).toBe(linearizable)
  })

  test('returns the longest linearized prefix and the blocked calls', () => {
    const [first, second] = [call(0, 1, { write: 1 }), call(2, 3, {}, 0)]
    expect(checkLinearizability([first, second], register)).toEqual({
      linearizable: false,
      linearizedPrefix: [first],
      blocked: [second],
    })
  })

  /** Histories of calls that were executed one at a time, each at a point within its interval. */
  const executed = fc
    .array(
      fc.record({ write: fc.option(fc.nat(3), { nil: undefined }), from: fc.nat(3), to: fc.nat(3), open: fc.nat(5) }),
      { maxLength: 9 },
    )
    .map((calls) => {
      let state = 0
      return calls.map(({ write, from, to, open }, at): Call<Input, number> => {
        const input = write === undefined ? {} : { write }
        if (write !== undefined) state = write
        const point = at * 2 + 10
        return call(point - from, open === 0 ? undefined : point + to + 0.5, input, state)
      })
    })

  test('accepts every history that was executed one call at a time', () => {
    fc.assert(fc.property(executed, (calls) => checkLinearizability(calls, register).linearizable))
  })

  test('agrees with a search through every order', () => {
    fc.assert(
      fc.property(executed, fc.nat(8), fc.nat(3), (calls, at, output) => {
        const changed = calls.map((each, n) =>
          n === at && each.returned && each.input.write === undefined
            ? { ...each, returned: { ...each.returned, output } }
            : each,
        )
        const expected = bruteForce(changed, 0)
        expect([
          checkLinearizability(changed, register),
          checkLinearizability(changed, registerWithReads),
        ]).toMatchObject([{ linearizable: expected }, { linearizable: expected }])
      }),
      { numRuns: 300 },
    )
  })

  test('decides quickly with many concurrent reads that are declared read-only', () => {
    // The write is invoked first, and half of the reads return the value before it.
    const reads = Array.from({ length: 60 }, (_, n) => call(n + 1, 100, {}, n % 2))
    expect(checkLinearizability([call(0, 100, { write: 1 }), ...reads], registerWithReads).linearizable).toBe(true)
    expect(
      checkLinearizability([call(0, 100, { write: 1 }), ...reads, call(50, 100, {}, 2)], registerWithReads)
        .linearizable,
    ).toBe(false)
  })
})

/** Implements the definition of Wing and Gong literally. */
function bruteForce(remaining: readonly Call<Input, number>[], state: number): boolean {
  if (remaining.every(({ returned }) => returned === undefined)) return true
  return remaining.some((each) => {
    const late = remaining.some((other) => other !== each && other.returned && other.returned.at < each.invokedAt)
    const after = late ? undefined : register.step(state, each.input, each.returned?.output)
    return (
      after !== undefined &&
      bruteForce(
        remaining.filter((other) => other !== each),
        after,
      )
    )
  })
}
