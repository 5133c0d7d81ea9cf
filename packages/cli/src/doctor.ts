import { runCommand, UsageError } from '@sync/command-line'
import { diagnose } from '@sync/config'
import type { Diagnosis } from '@sync/core/adapter'
import { paint, type Terminal } from './output/terminal.ts'
import { urlLabel } from './output/url-label.ts'

const USAGE = `Usage: sync doctor URL … [--json]

Checks whether the servers of these URLs are fit for @sync: connection, version, rights, settings, clock and latency. It changes
nothing on a server. The adapter of each URL decides what to check.

  --json   print one JSON document in place of text

Examples:
  sync doctor redis://localhost:6379
  sync doctor "$SYNC_STORE" "$SYNC_BUS" --json

Exit code: 0 no check failed; there may be warnings · 1 a check failed · 2 invalid command line`

const COLORS = { ok: 'green', warn: 'yellow', fail: 'red' } as const

/** Width of the longest usual name of a check. */
const NAME_WIDTH = 13

/** Runs `sync doctor`, and resolves to its exit code. */
export const doctor = (args: readonly string[], terminal: Terminal): Promise<number> =>
  runCommand(
    {
      usage: USAGE,
      options: { json: 'flag' },
      words: true,
      run: ({ words, values }) => checkServers(words, { json: values.json === true }, terminal),
    },
    args,
    terminal,
  )

async function checkServers(
  urls: readonly string[],
  { json }: { readonly json: boolean },
  terminal: Terminal,
): Promise<number> {
  if (urls.length === 0) throw new UsageError('expected at least one URL, such as redis://localhost:6379. See --help')
  const reports: { readonly url: string; readonly checks: readonly Diagnosis[] }[] = []
  for (const url of urls) {
    const checks: Diagnosis[] = []
    reports.push({ url: urlLabel(url), checks })
    for await (const check of diagnose(url)) {
      if (!json && checks.length === 0) printHeading(urlLabel(url), reports.length > 1, terminal)
      if (!json) printCheck(check, checks.at(-1)?.server, terminal)
      checks.push(check)
    }
    if (!json && checks.length === 0) {
      printHeading(urlLabel(url), reports.length > 1, terminal)
      terminal.print('  nothing to check')
    }
  }
  const all = reports.flatMap(({ checks }) => checks)
  if (json) terminal.print(JSON.stringify(reports, undefined, 2))
  else printSummary(all, terminal)
  return all.some(({ result }) => result === 'fail') ? 1 : 0
}

function printHeading(label: string, isLater: boolean, terminal: Terminal): void {
  if (isLater) terminal.print('')
  terminal.print(paint(terminal, 'bold', label))
}

function printCheck(
  { check, result, detail, remedy, server }: Diagnosis,
  serverBefore: string | undefined,
  terminal: Terminal,
): void {
  if (server !== undefined && server !== serverBefore) terminal.print(`  at ${server}`)
  const label = paint(terminal, COLORS[result], result.padEnd(4))
  const arrow = remedy === undefined ? '' : paint(terminal, 'dim', ` → ${remedy}`)
  terminal.print(`  ${label}  ${check.padEnd(NAME_WIDTH)}  ${detail}${arrow}`)
}

function printSummary(checks: readonly Diagnosis[], terminal: Terminal): void {
  const count = (result: Diagnosis['result']): number => checks.filter((check) => check.result === result).length
  terminal.print(
    `\n${count('ok')} ok, ${count('warn')} ${count('warn') === 1 ? 'warning' : 'warnings'}, ${count('fail')} failed`,
  )
}
