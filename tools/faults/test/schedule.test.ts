import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FaultKind, type Step, schedule } from '../src/schedule/schedule.ts'

const kinds: readonly FaultKind[] = [
  { kind: 'store killed', targets: ['store'], durationMs: [100, 3_000] },
  { kind: 'store paused', targets: ['store'], durationMs: [500, 5_000] },
  { kind: 'line cut', targets: ['a/store', 'b/store', 'b/bus'], durationMs: [0, 0] },
  { kind: 'replica killed', targets: ['r1', 'r2'], durationMs: [0, 1_000] },
]

function first(seed: number, count: number): Step[] {
  const steps = schedule(seed, kinds)
  return Array.from({ length: count }, () => steps.next().value)
}
const seeds = fc.nat(999_999_999)

describe('a schedule of faults', () => {
  test('is the same for the same seed, and another one for another', () => {
    fc.assert(fc.property(seeds, (seed) => void expect(first(seed, 20)).toEqual(first(seed, 20))))
    expect(first(1, 20)).not.toEqual(first(2, 20))
  })

  test('does every kind before it does one again', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        // a fault that would meet its like is left out, so that a round may have one less
        const done = first(seed, 40).flatMap(({ faults }) => faults.map(({ kind }) => kind))
        const times = kinds.map(({ kind }) => done.filter((each) => each === kind).length)
        expect(Math.min(...times)).toBeGreaterThanOrEqual(40 / kinds.length - 5)
      }),
    )
  })

  test('keeps to targets and durations of each kind, and does nothing twice to one target at one time', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { calmMs, faults } of first(seed, 40)) {
          expect(calmMs).toBeGreaterThanOrEqual(200)
          expect(new Set(faults.map(({ target }) => target)).size).toBe(faults.length)
          for (const { kind, target, durationMs, strength } of faults) {
            const of = kinds.find((each) => each.kind === kind) as FaultKind
            expect(of.targets).toContain(target)
            expect(durationMs).toBeGreaterThanOrEqual(of.durationMs[0])
            expect(durationMs).toBeLessThanOrEqual(of.durationMs[1])
            expect(strength).toBeGreaterThanOrEqual(0)
            expect(strength).toBeLessThanOrEqual(1)
          }
        }
      }),
    )
  })

  test('has steps with two faults among those with one', () => {
    const counts = first(7, 200).map(({ faults }) => faults.length)
    expect(counts.filter((count) => count === 2).length).toBeGreaterThan(10)
    expect(counts.filter((count) => count === 1).length).toBeGreaterThan(100)
  })
})
