import { type Bench, type ReportLine, reportLine } from './figure.ts'
import { createTable } from './table.ts'

/** Runs the benches' figures one after another, and prints each result as soon as it is available. */
export async function runBenches(
  benches: readonly Bench[],
  print: (line: string) => void,
): Promise<readonly ReportLine[]> {
  const report: ReportLine[] = []
  for (const bench of benches) {
    const table = createTable(bench)
    print(table.head)
    for (const figure of bench.figures) {
      const line = reportLine(bench.name, figure, await figure.measure())
      report.push(line)
      print(table.row(line, figure))
    }
  }
  return report
}
