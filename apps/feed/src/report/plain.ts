import type { Reporter } from './reporter.ts'
import { statusText } from './status.ts'

/** Creates a reporter that prints plain lines, for a pipe or a log file. */
export function createPlainReporter(out: { write(text: string): unknown }): Reporter {
  return {
    intervalMs: 2_000,
    progress: (figures) => void out.write(`${statusText(figures)}\n`),
    print: (text) => void out.write(`${text}\n`),
    end: () => undefined,
  }
}
