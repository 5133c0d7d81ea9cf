import fastJsonPatch from 'fast-json-patch'
import { create } from 'jsondiffpatch'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { patchWorkloads } from './patch-workloads.ts'

const jsonDiffPatch = create({ objectHash: (item: object) => (item as { readonly id?: string }).id })

/** Diff and apply, against fast-json-patch and jsondiffpatch. The latter is given a hash that identifies array elements. */
export const patchFigures: readonly Figure[] = patchWorkloads(fastJsonPatch, jsonDiffPatch).map(
  ({ name, goal, ours, baseline }) => ({
    name,
    unit: 'calls/s',
    goal: { atLeast: goal },
    measure: () => compareRates({ ours, baseline }),
  }),
)
