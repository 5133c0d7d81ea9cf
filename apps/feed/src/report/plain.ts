import type { Reporter } from './reporter.ts'
import { statusText } from './status.ts'

/** Plain lines, for a pipe or a log. */
export function createPlainReporter(out: { write(text: string): unknown }): Reporter {
  return {
    intervalMs: 2_000,
    progress: (figures) => void out.write(`${statusText(figures)}\n`),
    print: (text) => void out.write(`${text}\n`),
    end: () => undefined,
  }
}
