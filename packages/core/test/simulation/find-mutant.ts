import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { SeedRange } from './first-failure.ts'
import type { ShrunkFailure } from './shrink.ts'

/** The seed by which a planted fault was found, and what was noticed first; without a seed: why it was not. */
export interface MutantSearch {
  readonly seed?: number
  readonly first: string
  /** The same seed gave the same again. */
  readonly isReproducible?: boolean
  /** Absent where a schedule came to no end. */
  readonly shrunken?: ShrunkFailure
}

/** All schedules of a seed, or the shrinking of one, take far less. */
const MAX_SILENCE_MS = 60_000

/** Looks for a planted fault, in a process of its own: a source that lacks something may do anything, also go on for ever. */
export async function findMutant(fault: string, { from, seeds }: SeedRange): Promise<MutantSearch> {
  const program = join(import.meta.dirname, 'run.ts')
  const options = ['--fault', fault, '--seed', String(from), '--seeds', String(seeds)]
  const child = spawn(process.execPath, ['--conditions=@sync/source', program, ...options])
  let answer = ''
  let lastSeed: number | undefined
  let hasTimedOut = false
  const timeout = setTimeout(() => {
    hasTimedOut = true
    child.kill('SIGKILL')
  }, MAX_SILENCE_MS)
  child.stdout.on('data', (text) => {
    answer += String(text)
  })
  child.stderr.on('data', (text) => {
    const seed = String(text).match(/\d+(?=\n$)/)?.[0]
    if (seed !== undefined) lastSeed = Number(seed)
    timeout.refresh()
  })
  await once(child, 'close')
  clearTimeout(timeout)
  if (hasTimedOut && lastSeed !== undefined) return { seed: lastSeed, first: 'a schedule comes to no end' }
  try {
    return (JSON.parse(answer) as MutantSearch | null) ?? { first: 'nothing was wrong' }
  } catch {
    return { first: 'no answer' }
  }
}
