import { styleText } from 'node:util'

/** Destination of the command's output. */
export interface Terminal {
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
  /** Whether to use colours. */
  readonly hasColors: boolean
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Returns the terminal of this process. Uses colours only on a terminal, and never if `NO_COLOR` is set. */
export function processTerminal(): Terminal {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  // `sync inspect … | head` closes the pipe early, which is not a failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    print: (line) => console.log(line),
    printError: (line) => console.error(line),
    hasColors: process.stdout.isTTY === true && process.stdout.hasColors(),
    signal: stop.signal,
  }
}

/** Colours text, if the terminal has colours. */
export const paint = (
  { hasColors }: Pick<Terminal, 'hasColors'>,
  format: 'green' | 'yellow' | 'red' | 'dim' | 'bold',
  text: string,
): string => (hasColors ? styleText(format, text, { validateStream: false }) : text)

/** Aligns the cells of rows in columns. Numbers are aligned to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => `${row[column] ?? ''}`.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return typeof cell === 'number' ? `${cell}`.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
