import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type CommandLine, readInteger, runCommand, UsageError } from '@sync/command-line'
import type { Adapter } from './harness/harness.ts'
import { type Report, type ReportOptions, testAdapter, toMarkdown } from './run/report.ts'
import type { RuleResult } from './run/run.ts'

const USAGE = `Usage: sync-conformance --adapter FILE [OPTIONS]

Runs every rule that applies to an adapter. The default export of FILE is an adapter { name, bus?, store?, sync? }, whose functions
create harnesses, or a list of adapters.

  --adapter FILE   module with the adapters
  --only PREFIX    only rules whose ids begin with PREFIX (default: all)
  --seed N         seed of all randomness (default: a random one, which each failure prints)
  --json FILE      write the results to FILE as JSON
  --markdown FILE  write the results to FILE as Markdown tables

Examples:
  sync-conformance --adapter test/adapter.ts
  sync-conformance --adapter test/adapter.ts --only STORE-OP --seed 7

Exit code: 0 no rule failed, and at least one was executed for each kind · 1 a rule failed, or none was executed
2 invalid command line, or FILE cannot be loaded`

const OPTIONS = { adapter: 'text', json: 'text', markdown: 'text', seed: 'text', only: 'text' } as const

/** Runs the command, and resolves to its exit code. `print` receives its lines; default: the console. */
export function main(args: readonly string[], print: (line: string) => void = console.log): Promise<number> {
  return runCommand({ usage: USAGE, options: OPTIONS, run: (line) => runAdapters(line, print) }, args, {
    print,
    printError: print,
  })
}

async function runAdapters(
  { values: { adapter, json, markdown, seed, only } }: CommandLine<typeof OPTIONS>,
  print: (line: string) => void,
): Promise<number> {
  if (adapter === undefined) throw new UsageError('expected --adapter FILE. See --help')
  const options = {
    ...(seed !== undefined && { seed: readInteger('seed', seed, { min: 0 }) }),
    ...(only !== undefined && { only }),
  }
  const reports = await runReports(await loadAdapters(adapter), options, print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(reports, undefined, 2)}\n`)
  if (markdown !== undefined) await writeFile(markdown, toMarkdown(reports))
  return reports.length > 0 && reports.every(({ ok }) => ok) ? 0 : 1
}

/** Runs the rules for each adapter. Prints a line for each rule that did not pass, and a summary for each report. */
export async function runReports(
  adapters: readonly Adapter[],
  options: ReportOptions,
  print: (line: string) => void,
): Promise<Report[]> {
  const onResult = (_: string, { id, status, reason = '' }: RuleResult): void => {
    if (status === 'failed') print(`✗ ${reason}`)
    if (status === 'skipped') print(`- ${id} skipped: ${reason}`)
  }
  const reports: Report[] = []
  for (const adapter of adapters) {
    for (const report of await testAdapter(adapter, { ...options, onResult })) {
      const { passed, failed, skipped } = report.counts
      const seconds = (report.ms / 1000).toFixed(1)
      const counts =
        passed + failed === 0
          ? `no rule was executed, ${skipped} skipped`
          : `${passed} passed, ${failed} failed, ${skipped} skipped`
      print(`${report.ok ? '✓' : '✗'} ${adapter.name} (${report.kind}): ${counts}; ${seconds} s`)
      reports.push(report)
    }
  }
  return reports
}

async function loadAdapters(file: string): Promise<readonly Adapter[]> {
  try {
    const module: { readonly default?: Adapter | readonly Adapter[] } = await import(pathToFileURL(resolve(file)).href)
    const adapters = [module.default ?? []].flat() as Adapter[]
    if (adapters.length > 0) return adapters
  } catch (error) {
    throw new UsageError(`--adapter ${file}: cannot load the file: ${(error as Error).message}`)
  }
  throw new UsageError(`--adapter ${file}: expected a default export with an adapter or a list of adapters, got none`)
}
