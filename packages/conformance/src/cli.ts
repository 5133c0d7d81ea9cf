import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Adapter } from './harness/harness.ts'
import { type Report, type ReportOptions, testAdapter, toMarkdown } from './run/report.ts'
import type { RuleResult } from './run/run.ts'

const USAGE = `sync-conformance --adapter FILE [--json FILE] [--markdown FILE] [--seed N] [--only PREFIX]

  The default export of FILE is an adapter { name, bus?, store?, sync? }, whose functions create harnesses, or a list of adapters.
  Runs every rule that applies. The exit code is 0 if no rule failed and at least one was executed for each kind.`

/** Runs the command, and resolves to its exit code. `print` receives its lines; default: the console. */
export async function main(args: readonly string[], print: (line: string) => void = console.log): Promise<number> {
  let values: ReturnType<typeof parseArguments>
  try {
    values = parseArguments(args)
  } catch (error) {
    print(`${(error as Error).message}\n\n${USAGE}`)
    return 2
  }
  const { adapter, json, markdown, seed, only } = values
  if (adapter === undefined) {
    print(USAGE)
    return 2
  }
  let adapters: readonly Adapter[]
  try {
    adapters = await loadAdapters(adapter)
  } catch (error) {
    print(`--adapter ${adapter}: cannot load the file: ${(error as Error).message}`)
    return 2
  }
  const options = { ...(seed !== undefined && { seed: Number(seed) }), ...(only !== undefined && { only }) }
  const reports = await runReports(adapters, options, print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(reports, undefined, 2)}\n`)
  if (markdown !== undefined) await writeFile(markdown, toMarkdown(reports))
  return reports.length > 0 && reports.every(({ ok }) => ok) ? 0 : 1
}

const parseArguments = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      adapter: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  }).values

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
  const module: { readonly default?: Adapter | readonly Adapter[] } = await import(pathToFileURL(resolve(file)).href)
  const adapters = [module.default ?? []].flat() as Adapter[]
  if (adapters.length === 0)
    throw new Error('expected a default export with an adapter or a list of adapters, got none')
  return adapters
}
