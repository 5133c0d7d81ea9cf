import { type Call, checkLinearizability, findViolation, type Model } from '@sync/conformance'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const history = (sent: readonly number[], got: readonly number[]) => ({ key: 'a', client: 'B', sent, received: got })
const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9]

describe('the history of a key', () => {
  test.each([
    [[1, 2, 4, 3, 5], 'key "a": sent 1…9, got 1 2 4 3 ← first inversion at #3, client B'],
    [[1, 2, 2, 3], 'key "a": sent 1…9, got 1 2 2 ← 2 came again at #3, client B'],
    [[1, 2, 3, 4, 6, 7, 8, 9], 'key "a": sent 1…9, got 1…4 6 ← 5 never came, client B'],
    [[1, 2, 3, 4, 5, 6, 7, 8], 'key "a": sent 1…9, got 1…8 ← 9 never came, client B'],
    [[1, 77], 'key "a": sent 1…9, got 1 77 ← 77 was never sent here, client B'],
    [[], 'key "a": sent 1…9, got nothing ← 1 never came, client B'],
  ])('%j is told no longer than it has to be', (got, told) => {
    expect(findViolation(history(nine, got))).toBe(told)
  })

  test('is right exactly if it is what was sent', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(9)), fc.array(fc.nat(9), { maxLength: 10 }), (sent, got) => {
        expect(findViolation(history(sent, got)) === undefined).toBe(JSON.stringify(sent) === JSON.stringify(got))
      }),
    )
  })

  test('with repeats and losses tolerated is wrong only in its order', () => {
    fc.assert(
      fc.property(fc.subarray(nine), fc.infiniteStream(fc.boolean()), (kept, twice) => {
        const got = kept.flatMap((each) => (twice.next().value ? [each, each] : [each]))
        expect(findViolation(history(nine, got), { allowDuplicates: true, allowLosses: true })).toBeUndefined()
        expect(
          findViolation(history(nine, [...got].reverse()), { allowDuplicates: true, allowLosses: true }) === undefined,
        ).toBe(kept.length < 2)
      }),
    )
  })
})

/** A register of one value. */
type Input = { readonly write?: number }
const register: Model<number, Input, number> = {
  initial: 0,
  stateKey: String,
  step: (state, { write }, output) =>
    write !== undefined ? write : output === undefined || output === state ? state : undefined,
}
/** The same, known not to be changed by those who only read it. */
const readable: typeof register = { ...register, isReadOnly: ({ write }) => write === undefined }
const call = (invokedAt: number, at: number | undefined, input: Input, output = 0): Call<Input, number> => ({
  client: 'c',
  input,
  invokedAt,
  returned: at === undefined ? undefined : { at, output },
})

describe('a recorded history is linearizable', () => {
  test.each<[string, boolean, Call<Input, number>[]]>([
    ['of nothing', true, []],
    ['if a read begins before the write ends', true, [call(0, 3, { write: 1 }), call(1, 2, {}, 0), call(1, 2, {}, 1)]],
    ['not if a read after the write misses it', false, [call(0, 1, { write: 1 }), call(2, 3, {}, 0)]],
    ['not if a later read goes back', false, [call(0, 9, { write: 1 }), call(1, 2, {}, 1), call(3, 4, {}, 0)]],
    ['if a write that was never answered is seen', true, [call(0, undefined, { write: 1 }), call(5, 6, {}, 1)]],
    ['if a write that was never answered is not seen', true, [call(0, undefined, { write: 1 }), call(5, 6, {}, 0)]],
    ['if it is seen only later', true, [call(0, undefined, { write: 1 }), call(5, 6, {}, 0), call(7, 8, {}, 1)]],
    ['not if it is seen before it was begun', false, [call(5, undefined, { write: 1 }), call(1, 2, {}, 1)]],
  ])('%s', (_, linearizable, calls) => {
    expect(checkLinearizability(calls, register).linearizable).toBe(linearizable)
  })

  test('tells what could be explained and what not', () => {
    const [first, second] = [call(0, 1, { write: 1 }), call(2, 3, {}, 0)]
    expect(checkLinearizability([first, second], register)).toEqual({
      linearizable: false,
      linearizedPrefix: [first],
      blocked: [second],
    })
  })

  /** Runs calls one at a time, in an order within the intervals drawn for them. */
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

  test('whenever it came about one call at a time', () => {
    fc.assert(fc.property(executed, (calls) => checkLinearizability(calls, register).linearizable))
  })

  test('exactly if trying every order finds one', () => {
    fc.assert(
      fc.property(executed, fc.nat(8), fc.nat(3), (calls, at, output) => {
        const changed = calls.map((each, n) =>
          n === at && each.returned && each.input.write === undefined
            ? { ...each, returned: { ...each.returned, output } }
            : each,
        )
        const expected = bruteForce(changed, 0)
        expect([checkLinearizability(changed, register), checkLinearizability(changed, readable)]).toMatchObject([
          { linearizable: expected },
          { linearizable: expected },
        ])
      }),
      { numRuns: 300 },
    )
  })

  test('however many read at one time, where it is known that they only read', () => {
    // the write begins first, and half of the others came before it
    const reads = Array.from({ length: 60 }, (_, n) => call(n + 1, 100, {}, n % 2))
    expect(checkLinearizability([call(0, 100, { write: 1 }), ...reads], readable).linearizable).toBe(true)
    expect(
      checkLinearizability([call(0, 100, { write: 1 }), ...reads, call(50, 100, {}, 2)], readable).linearizable,
    ).toBe(false)
  })
})

/** Wing and Gong's definition, word by word. */
function bruteForce(left: readonly Call<Input, number>[], state: number): boolean {
  if (left.every(({ returned }) => returned === undefined)) return true
  return left.some((each) => {
    const late = left.some((other) => other !== each && other.returned && other.returned.at < each.invokedAt)
    const after = late ? undefined : register.step(state, each.input, each.returned?.output)
    return (
      after !== undefined &&
      bruteForce(
        left.filter((other) => other !== each),
        after,
      )
    )
  })
}
