import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './workspace.ts'

/** How a command ended, and what it printed if that was captured. */
interface CommandResult {
  readonly ok: boolean
  readonly output: string
}

/** Where and how a command runs. */
interface CommandOptions {
  /** @default the root of the repository */
  readonly cwd?: string
  /** Print at once, in place of capturing. @default false */
  readonly visible?: boolean
  /** Milliseconds after which it is ended. @default 300_000 */
  readonly timeout?: number
}

const path = [join(import.meta.dirname, '../node_modules/.bin'), join(root, 'node_modules/.bin'), process.env['PATH']]
const env = { ...process.env, PATH: path.join(delimiter), NO_COLOR: '1' }

/** Runs a command, one of the workspace's own tools or of the machine's. */
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
      resolve({ ok: code === 0, output: signal ? `${output}\n${name} was ended by ${signal}` : output })
    })
  })
}
