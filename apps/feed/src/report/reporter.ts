import type { Figures } from '../figures.ts'

/** Displays a run's progress and results. */
export interface Reporter {
  /** Interval between calls of `progress`, in ms. */
  readonly intervalMs: number
  progress(figures: Figures): void
  /** Prints permanent lines. */
  print(text: string): void
  /** Restores the terminal. May be called more than once. */
  end(): void
}
