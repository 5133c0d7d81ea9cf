import type { Figures } from '../figures.ts'
import type { Reporter } from './reporter.ts'
import { statusLines } from './status.ts'

/** The part of a terminal that the reporter uses. Columns and rows are 0 if the size is unknown. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
}

const DEFAULT_SIZE = { columns: 80, rows: 24 } as const
const ESC = '\x1b['
const HIDE_CURSOR = `${ESC}?25l`
const SHOW_CURSOR = `${ESC}?25h`
const CLEAR_LINE_END = `${ESC}K`
const CLEAR_BELOW = `${ESC}J`

/** Creates a reporter that redraws a small block of status lines in place, below the permanent lines. */
export function createTerminalReporter(terminal: Terminal, options: { readonly colour: 'on' | 'off' }): Reporter {
  const paint = options.colour === 'on' ? inColour : (lines: readonly string[]): readonly string[] => lines
  let drawnLengths: readonly number[] = []
  let state: 'fresh' | 'drawing' | 'ended' = 'fresh'

  const columns = (): number => terminal.columns || DEFAULT_SIZE.columns

  /** Returns the escape code to the block's top. A terminal that became narrower has wrapped the lines that were drawn before. */
  const moveToTop = (): string => {
    const rows = drawnLengths.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns())), 0)
    return rows === 0 ? '' : `${ESC}${rows}A`
  }

  return {
    intervalMs: 100,
    progress(figures: Figures) {
      if (state === 'ended') return
      // The last column stays free because some terminals wrap there; the last row stays free for the cursor.
      const lines = statusLines(figures, columns() - 1).slice(0, (terminal.rows || DEFAULT_SIZE.rows) - 1)
      const body = paint(lines)
        .map((line) => `${line}${CLEAR_LINE_END}\n`)
        .join('')
      terminal.write(`${state === 'fresh' ? HIDE_CURSOR : ''}${moveToTop()}\r${body}${CLEAR_BELOW}`)
      state = 'drawing'
      drawnLengths = lines.map((line) => line.length)
    },
    print(text) {
      terminal.write(`${moveToTop()}\r${CLEAR_BELOW}${text}\n`)
      drawnLengths = []
    },
    end() {
      if (state === 'drawing') terminal.write(SHOW_CURSOR)
      state = 'ended'
    },
  }
}

const inColour = ([first = '', ...rest]: readonly string[]): readonly string[] => [
  first.replace(/█+/, `${ESC}32m$&${ESC}39m`),
  ...rest.map((line) => `${ESC}2m${line}${ESC}22m`),
]
