import type { Figures } from '../figures.ts'

/** Shows a run to a person or to a log. */
export interface Reporter {
  /** How often `progress` is wanted. */
  readonly intervalMs: number
  progress(figures: Figures): void
  /** Prints lines that stay. */
  print(text: string): void
  /** Gives the terminal back as it was. May be called twice. */
  end(): void
}
