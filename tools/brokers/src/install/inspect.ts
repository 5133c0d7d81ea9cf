import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { commandLine, type Program } from '../process/program.ts'

const run = promisify(execFile)

/** A program whose version is not known yet. */
export interface Candidate extends Pick<Program, 'command' | 'env' | 'source' | 'image'> {
  /** Pattern for the output of `--version`. Its first group is the version. */
  readonly version: RegExp
}

/** Runs a program with `--version` and returns it with that version. @throws Error if it cannot be run */
export async function inspect({ version: pattern, ...program }: Candidate): Promise<Program> {
  const container = `sync-brokers-${randomUUID()}`
  const withoutArgs = { ...program, args: [] }
  const [command, ...args] = commandLine({ program: withoutArgs, args: ['--version'], folder: tmpdir(), container })
  const { stdout } = await run(command, args, { env: { ...process.env, ...program.env } })
  const version = pattern.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`${program.command} --version: expected a version, got ${stdout}`)
  return { ...withoutArgs, version }
}
