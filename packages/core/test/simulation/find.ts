import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Range } from './first-failure.ts'
import type { Shrunken } from './shrink.ts'

/** The seed by which a planted fault was found, and what was noticed first; without a seed: why it was not. */
export interface Found {
  readonly seed?: number
  readonly first: string
  /** The same seed gave the same again. */
  readonly again?: boolean
  /** Absent where a schedule came to no end. */
  readonly shrunken?: Shrunken
}

/** All schedules of a seed, or the shrinking of one, take far less. */
const MOST_MS = 60_000

/** Looks for a planted fault, in a process of its own: a source that lacks something may do anything, also go on for ever. */
export async function find(fault: string, { from, seeds }: Range): Promise<Found> {
  const program = join(import.meta.dirname, 'run.ts')
  const options = ['--fault', fault, '--seed', String(from), '--seeds', String(seeds)]
  const child = spawn(process.execPath, ['--conditions=@sync/source', program, ...options])
  let answer = ''
  let begun: number | undefined
  let endless = false
  const patience = setTimeout(() => {
    endless = true
    child.kill('SIGKILL')
  }, MOST_MS)
  child.stdout.on('data', (text) => {
    answer += String(text)
  })
  child.stderr.on('data', (text) => {
    const seed = String(text).match(/\d+(?=\n$)/)?.[0]
    if (seed !== undefined) begun = Number(seed)
    patience.refresh()
  })
  await once(child, 'close')
  clearTimeout(patience)
  if (endless && begun !== undefined) return { seed: begun, first: 'a schedule comes to no end' }
  try {
    return (JSON.parse(answer) as Found | null) ?? { first: 'nothing was wrong' }
  } catch {
    return { first: 'no answer' }
  }
}
