import type { Figures } from '../../src/figures.ts'

/** Figures halfway through a run. */
export const sampleFigures: Figures = {
  phase: 'writing',
  written: 15_234,
  total: 26_935,
  elapsedMs: 7_617,
  rate: 2_000.4,
  commits: 15_200,
  unchanged: 34,
  conflicts: 0,
  propagation: { p50: 0.412, p95: 1.08, p99: 12.3 },
  changeUnits: 3_141_592,
  documentUnits: 9_876_543,
  gaps: 12,
  repairs: 12,
  reloads: 0,
  duplicates: 3,
  reorders: 4,
}
