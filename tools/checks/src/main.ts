import { readChoice, runCommand, UsageError } from '@sync/command-line'
import { type Check, runChecks } from './check.ts'
import { command } from './command.ts'
import { docstrings } from './docstrings.ts'
import { layers } from './layers.ts'
import { prose } from './prose.ts'
import { published } from './published.ts'
import { readme } from './readme.ts'

/** Creates a check that runs a command. It prints the command's output only if the command fails. */
function commandCheck(line: string): () => Promise<string[]> {
  const [name = '', ...args] = line.split(' ')
  return async () => {
    const { ok, output } = await command(name, args)
    return ok ? [] : [output]
  }
}

/** Timeout of the tests, in ms. It is long, because real brokers take time to start and to restart. */
const TESTS_TIMEOUT_MS = 1_800_000

async function tests(): Promise<string[]> {
  const { ok } = await command('vitest', ['run'], { visible: true, timeout: TESTS_TIMEOUT_MS })
  return ok ? [] : ['tests failed; see the output of vitest above']
}

/** All checks, in order. Only `prose` uses the paths. */
const checks: readonly Check[] = [
  { name: 'style', run: commandCheck('biome check --error-on-warnings') },
  { name: 'types', run: commandCheck('tsc --pretty false') },
  { name: 'layers', run: layers },
  { name: 'docstrings', run: docstrings },
  { name: 'prose', run: prose },
  { name: 'unused', run: commandCheck('knip') },
  { name: 'build', run: commandCheck('pnpm run build --output-logs=errors-only') },
  { name: 'tests', run: tests },
  { name: 'rules', run: commandCheck('node packages/core/test/rules/run.ts') },
  { name: 'readme', run: readme },
  { name: 'published', run: published },
]

const checkNames = checks.map(({ name }) => name)

const USAGE = `Usage: pnpm check [NAME …]
       pnpm check prose PATH …

Runs the checks of this repository (default: all, in this order). With paths, the check prose runs on these files and folders.

  NAME   ${checkNames.join(' | ')}

Examples:
  pnpm check
  pnpm check layers readme
  pnpm check prose docs/protocol.md

Exit code: 0 all checks passed · 1 a check failed · 2 invalid command line`

process.exitCode = await runCommand(
  {
    usage: USAGE,
    options: {},
    words: true,
    async run({ words }) {
      const paths = words.filter(isPath)
      const names = words.filter((word) => !isPath(word)).map((word) => readChoice('NAME', word, checkNames))
      if (paths.length > 0 && names.join() !== 'prose')
        throw new UsageError(`expected paths only with the check prose, got ${paths.join(' ')}. See --help`)
      const selected = checks.filter(({ name }) => names.length === 0 || names.includes(name))
      return (await runChecks(selected, paths)) ? 0 : 1
    },
  },
  process.argv.slice(2),
)

/** True for arguments with a slash or a dot; no check has one in its name. */
function isPath(arg: string): boolean {
  return /[/.]/.test(arg)
}
