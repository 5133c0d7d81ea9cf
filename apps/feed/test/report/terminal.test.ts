import { describe, expect, it } from 'vitest'
import { createTerminalReporter } from '../../src/report/terminal.ts'
import { sampleFigures } from './sample-figures.ts'

function terminal(
  columns: number,
  rows = 24,
): { columns: number; rows: number; written: string[]; write(text: string): void } {
  const written: string[] = []
  return { columns, rows, written, write: (text) => void written.push(text.replaceAll('\x1b[', '␛')) }
}

describe('createTerminalReporter()', () => {
  it('redraws the block in place with one write each, and shows the cursor again at the end', () => {
    const out = terminal(81)
    const reporter = createTerminalReporter(out, { colour: 'off' })
    reporter.progress(sampleFigures)
    reporter.progress(sampleFigures)
    reporter.end()
    reporter.end()
    reporter.progress(sampleFigures)
    expect(out.written).toHaveLength(3)
    expect(out.written[0]).toMatch(/^␛\?25l\r█/)
    expect(out.written[1]).toMatch(/^␛4A\r█/)
    expect(out.written[2]).toBe('␛?25h')
  })

  it('moves to the top of its block when the terminal has become narrower', () => {
    const out = terminal(81)
    const reporter = createTerminalReporter(out, { colour: 'off' })
    reporter.progress(sampleFigures)
    out.columns = 41
    reporter.progress(sampleFigures)
    // the lines of 79, 47 and 50 columns now take two rows each, the line of 34 columns one
    expect(out.written[1]).toMatch(/^␛7A/)
  })

  it('replaces the block with printed lines', () => {
    const out = terminal(81)
    const reporter = createTerminalReporter(out, { colour: 'off' })
    reporter.print('before')
    reporter.progress(sampleFigures)
    reporter.print('after')
    expect(out.written[0]).toBe('\r␛Jbefore\n')
    expect(out.written[2]).toBe('␛4A\r␛Jafter\n')
  })

  it('writes no colour codes when colour is off', () => {
    const out = terminal(81)
    createTerminalReporter(out, { colour: 'off' }).progress(sampleFigures)
    expect(out.written[0]).not.toMatch(/␛\d+m/)
    createTerminalReporter(out, { colour: 'on' }).progress(sampleFigures)
    expect(out.written[1]).toContain('␛32m█')
  })

  it('draws no more rows than the terminal has, and assumes 80 × 24 when the size is unknown', () => {
    const low = terminal(81, 3)
    const unknown = terminal(0, 0)
    for (const out of [low, unknown]) {
      const reporter = createTerminalReporter(out, { colour: 'off' })
      reporter.progress(sampleFigures)
      reporter.progress(sampleFigures)
    }
    expect(low.written[1]).toMatch(/^␛2A/)
    expect(unknown.written[1]).toMatch(/^␛4A/)
  })
})
