import fastJsonPatch from 'fast-json-patch'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { patchWorkloads } from './patch-workloads.ts'

/** Diff and apply, against fast-json-patch doing the same. */
export const patchFigures: readonly Figure[] = patchWorkloads(fastJsonPatch).map(({ name, goal, ours, yardstick }) => ({
  name,
  unit: 'calls/s',
  goal: { atLeast: goal },
  measure: () => compareRates({ ours, yardstick }),
}))
