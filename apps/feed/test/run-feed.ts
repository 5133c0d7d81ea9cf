import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Result of a finished command. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

/** A running command. */
export interface Running {
  kill(signal: NodeJS.Signals): void
  /** Output so far. */
  readonly out: string
  readonly ended: Promise<Ended>
}

const main = join(import.meta.dirname, '../src/main.ts')

/** Starts the command as a separate process. It ignores the `SYNC_STORE` and `SYNC_BUS` of this process's environment. */
export function startFeed(args: readonly string[]): Running {
  const { SYNC_STORE: _store, SYNC_BUS: _bus, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=@sync/source', main, ...args], { env })
  let out = ''
  let error = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  return {
    kill: (signal) => child.kill(signal),
    get out() {
      return out
    },
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, error }))),
  }
}
