import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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

describe('schedule', () => {
  it('yields the same steps for the same seed, and others for another seed', () => {
    fc.assert(fc.property(seeds, (seed) => void expect(first(seed, 20)).toEqual(first(seed, 20))))
    expect(first(1, 20)).not.toEqual(first(2, 20))
  })

  it('uses every kind before it repeats one', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        // a second fault with the same target is dropped, so a kind can be missing from a round
        const used = first(seed, 40).flatMap(({ faults }) => faults.map(({ kind }) => kind))
        const counts = kinds.map(({ kind }) => used.filter((one) => one === kind).length)
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(40 / kinds.length - 5)
      }),
    )
  })

  it("keeps to each kind's targets and durations, with at most one fault per target and step", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { calmMs, faults } of first(seed, 40)) {
          expect(calmMs).toBeGreaterThanOrEqual(200)
          expect(new Set(faults.map(({ target }) => target)).size).toBe(faults.length)
          for (const { kind, target, durationMs, strength } of faults) {
            const definition = kinds.find((one) => one.kind === kind) as FaultKind
            expect(definition.targets).toContain(target)
            expect(durationMs).toBeGreaterThanOrEqual(definition.durationMs[0])
            expect(durationMs).toBeLessThanOrEqual(definition.durationMs[1])
            expect(strength).toBeGreaterThanOrEqual(0)
            expect(strength).toBeLessThanOrEqual(1)
          }
        }
      }),
    )
  })

  it('yields steps with one fault and some with two', () => {
    const counts = first(7, 200).map(({ faults }) => faults.length)
    expect(counts.filter((count) => count === 2).length).toBeGreaterThan(10)
    expect(counts.filter((count) => count === 1).length).toBeGreaterThan(100)
  })
})
