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

// `pnpm check` runs all checks, `pnpm check layers readme` runs two, and `pnpm check prose packages/core` runs one on a folder.
const args = process.argv.slice(2)
const requested = args.filter((arg) => !isPath(arg))
const paths = args.filter(isPath)

const checks: readonly Check[] = [
  { name: 'style', run: commandCheck('biome check --error-on-warnings') },
  { name: 'types', run: commandCheck('tsc --pretty false') },
  { name: 'layers', run: layers },
  { name: 'docstrings', run: docstrings },
  { name: 'prose', run: () => prose(paths) },
  { name: 'unused', run: commandCheck('knip') },
  { name: 'build', run: commandCheck('pnpm run build --output-logs=errors-only') },
  { name: 'tests', run: tests },
  { name: 'rules', run: commandCheck('node packages/core/test/rules/run.ts') },
  { name: 'readme', run: readme },
  { name: 'published', run: published },
]

const unknown = requested.filter((name) => !checks.some((check) => check.name === name))
if (unknown.length > 0)
  throw new Error(`expected checks out of ${checks.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}`)
if (paths.length > 0 && requested.join() !== 'prose')
  throw new Error(`expected paths only with the check prose, got ${paths.join(' ')}`)
const passed = await runChecks(checks.filter(({ name }) => requested.length === 0 || requested.includes(name)))
process.exitCode = passed ? 0 : 1

/** True for arguments with a slash or a dot; no check has one in its name. */
function isPath(arg: string): boolean {
  return /[/.]/.test(arg)
}
