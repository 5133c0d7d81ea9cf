import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Range } from './first-failure.ts'
import type { Shrunken } from './shrink.ts'

/** The seed by which a planted fault was found, and what was noticed first; without a seed: why it was not. */
export interface Found {
  readonly seed?: number
  readonly first: string
  /** The same seed gave the same again. */
  readonly again?: boolean
  readonly shrunken?: Shrunken
}

const MOST_MS = 600_000

/** Looks for a planted fault, in a process of its own: a source that lacks something may do anything. */
export async function find(fault: string, { from, seeds }: Range): Promise<Found> {
  const program = join(import.meta.dirname, 'run.ts')
  const options = ['--fault', fault, '--seed', String(from), '--seeds', String(seeds)]
  const run = promisify(execFile)
  try {
    const { stdout } = await run(process.execPath, ['--conditions=@sync/source', program, ...options], {
      timeout: MOST_MS,
    })
    return (JSON.parse(stdout) as Found | null) ?? { first: 'nothing was wrong' }
  } catch (error) {
    return { first: `no answer: ${error instanceof Error ? error.message : String(error)}` }
  }
}
