import { runCommand, UsageError } from '@sync/command-line'
import { prove } from './prove.ts'
import { rules } from './table.ts'

const USAGE = `Usage: pnpm rules [PREFIX …]

Proves each rule of the protocol: its test passes on the source, and fails on a copy without the rule. With a PREFIX, only rules
whose names begin with it (default: all), and prints their statements.

Examples:
  pnpm rules
  pnpm rules one-write-per-key

Exit code: 0 all rules are proven · 1 a rule is not proven · 2 invalid command line`

process.exitCode = await runCommand(
  { usage: USAGE, options: {}, words: true, run: ({ words }) => proveRules(words) },
  process.argv.slice(2),
)

/** Proves the rules whose names begin with one of the prefixes, and prints a line for each. Resolves to the exit code. */
async function proveRules(prefixes: readonly string[]): Promise<number> {
  for (const prefix of prefixes)
    if (!rules.some(({ name }) => name.startsWith(prefix)))
      throw new UsageError(`PREFIX: expected the beginning of a rule's name, got ${JSON.stringify(prefix)}. See --help`)
  const selected = rules.filter(
    ({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)),
  )
  const started = performance.now()
  const verdicts = await prove(selected)
  const width = Math.max(...verdicts.map(({ rule }) => rule.name.length))
  for (const { rule, problem } of verdicts) {
    const { file, name } = rule.provenBy
    console.log(`${problem ? '✗' : '✓'} ${rule.name.padEnd(width)}  ${problem ?? 'red'}  ${file} > ${name}`)
    if (prefixes.length > 0) console.log(`    ${rule.statement}. Otherwise ${rule.consequence}.`)
  }
  const failed = verdicts.filter(({ problem }) => problem !== undefined)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`\nrules: ${verdicts.length - failed.length} proven, ${failed.length} not proven (${seconds} s)`)
  return failed.length === 0 ? 0 : 1
}
