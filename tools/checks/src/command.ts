import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './workspace.ts'

/** Outcome of a command, with its output if that was captured. */
interface CommandResult {
  readonly ok: boolean
  readonly output: string
}

/** Options of a command. */
interface CommandOptions {
  /** Working directory. @default the root of the repository */
  readonly cwd?: string
  /** Print the output at once instead of capturing it. @default false */
  readonly visible?: boolean
  /** Milliseconds after which the command is terminated. @default 300_000 */
  readonly timeout?: number
}

// the repository's tools come first: this package also installs an older compiler
const path = [join(root, 'node_modules/.bin'), join(import.meta.dirname, '../node_modules/.bin'), process.env['PATH']]
const env = { ...process.env, PATH: path.join(delimiter), NO_COLOR: '1' }

/** Runs a command: a tool of the workspace, or one of the machine. */
export function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { cwd = root, visible = false, timeout = 300_000 } = options
  const child = spawn(name, args, {
    cwd,
    timeout,
    env,
    stdio: ['ignore', visible ? 'inherit' : 'pipe', visible ? 'inherit' : 'pipe'],
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const output = Buffer.concat(chunks).toString()
      resolve({ ok: code === 0, output: signal ? `${output}\n${name} was terminated by ${signal}` : output })
    })
  })
}
