import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const manifest: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

/** Every script of the root's package.json that runs a program of this repository, and the programs without a script. */
const commands: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(manifest.scripts)
      .filter(([, line]) => line.startsWith('node '))
      .map(([name, line]) => [name, line.split(' ').slice(1)]),
  ),
  'reference --headless': ['--conditions=@sync/source', 'apps/reference/src/main.ts', '--headless'],
  'pin-kafka': ['--conditions=@sync/source', 'tools/brokers/src/pin-kafka.ts'],
}

/** A misspelt option of each command, with the suggestion if one is close. */
const typos: Readonly<Record<string, readonly [option: string, suggestion?: string]>> = {
  bench: ['--jsno', '--json'],
  conformance: ['--adaptr', '--adapter'],
  faults: ['--minute', '--minutes'],
  feed: ['--replica', '--replicas'],
  fuzz: ['--input', '--inputs'],
  reference: ['--prot', '--port'],
  'reference --headless': ['--rat', '--rate'],
  simulate: ['--seds', '--seeds'],
  soak: ['--rpelicas', '--replicas'],
}

const numbers: Readonly<Record<string, string>> = {
  conformance: 'seed',
  faults: 'minutes',
  feed: 'replicas',
  fuzz: 'inputs',
  reference: 'port',
  'reference --headless': 'rate',
  simulate: 'seeds',
  soak: 'writers',
}

interface Ended {
  readonly code: number
  readonly out: string
  readonly error: string
}

function run(name: string, ...args: string[]): Promise<Ended> {
  const { SYNC_STORE: _store, SYNC_BUS: _bus, PORT: _port, ...env } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, [...(commands[name] ?? []), ...args], { cwd: root, env }, (error, out, text) =>
      resolve({ code: error ? Number(error.code) : 0, out, error: text }),
    )
  })
}

describe('commands of this repository', { concurrent: true }, () => {
  it.each(Object.keys(commands))('prints usage, examples and exit codes for %s --help', async (name) => {
    const { code, out, error } = await run(name, '--help')
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^Usage: /)
    expect(out).toMatch(/^Examples:\n {2}\S/m)
    expect(out).toMatch(/^Exit code: 0 .*\b2 invalid command line/ms)
  })

  it.each(Object.keys(commands))(
    'prints one line with a suggestion and exits with 2 for a typo after %s',
    async (name) => {
      const [option, suggestion] = typos[name] ?? ['--typo']
      const problem = `unknown option ${option}${suggestion === undefined ? '.' : `; did you mean ${suggestion}?`}`
      expect(await run(name, option, '1')).toEqual({ code: 2, out: '', error: `${problem} See --help\n` })
    },
  )

  it.each(Object.entries(numbers))(
    'prints one line and exits with 2 for text in place of a number: %s --%s',
    async (name, option) => {
      const { code, out, error } = await run(name, `--${option}`, 'many')
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(error).toMatch(new RegExp(`^--${option}: expected .*, got .many.\\. See --help\\n$`))
    },
  )
})
