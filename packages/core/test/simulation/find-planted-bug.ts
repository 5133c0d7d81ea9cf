import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { SeedRange } from './first-failure.ts'
import type { ShrunkFailure } from './shrink.ts'

/** Result of the search for a planted bug. */
export interface PlantedBugSearch {
  /** Seed of the schedule that found the bug. Absent if none did. */
  readonly seed?: number
  /** The first problem found, or the reason why the bug was not found. */
  readonly first: string
  /** Whether the same seed gave the same problems again. */
  readonly isReproducible?: boolean
  /** Absent if the schedule never finished. */
  readonly shrunken?: ShrunkFailure
}

/** Maximum time without output. All schedules of a seed, or shrinking one, take far less. */
const MAX_SILENCE_MS = 60_000

/** Searches for a planted bug in a child process, because a broken source can do anything, such as never finish. */
export async function findPlantedBug(name: string, { from, seeds }: SeedRange): Promise<PlantedBugSearch> {
  const program = join(import.meta.dirname, 'run.ts')
  const options = ['--fault', name, '--seed', String(from), '--seeds', String(seeds)]
  const child = spawn(process.execPath, ['--conditions=@sync/source', program, ...options])
  let output = ''
  let lastSeed: number | undefined
  let hasTimedOut = false
  const timeout = setTimeout(() => {
    hasTimedOut = true
    child.kill('SIGKILL')
  }, MAX_SILENCE_MS)
  child.stdout.on('data', (text) => {
    output += String(text)
  })
  child.stderr.on('data', (text) => {
    const seed = String(text).match(/\d+(?=\n$)/)?.[0]
    if (seed !== undefined) lastSeed = Number(seed)
    timeout.refresh()
  })
  await once(child, 'close')
  clearTimeout(timeout)
  if (hasTimedOut && lastSeed !== undefined) return { seed: lastSeed, first: 'the schedule never finishes' }
  try {
    return (JSON.parse(output) as PlantedBugSearch | null) ?? { first: 'no problem found' }
  } catch {
    return { first: 'no valid output' }
  }
}
