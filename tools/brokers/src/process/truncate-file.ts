import { globSync } from 'node:fs'
import { stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'

/** The log to cut, and by how many bytes. */
export interface FileTruncation {
  readonly folder: string
  /** Glob pattern of the log's files. The last one is cut. */
  readonly pattern: string
  readonly bytes: number
}

/** Cuts the last file of a log, as a crash of its machine would. Returns the number of bytes removed. */
export async function truncateLastFile({ folder, pattern, bytes }: FileTruncation): Promise<number> {
  const file = lastFile(folder, pattern)
  const { size } = await stat(file)
  const remaining = Math.max(0, size - bytes)
  await truncate(file, remaining)
  return size - remaining
}

/** Returns the last matching file, sorted by the numbers in the names. */
export function lastFile(folder: string, pattern: string): string {
  const [last] = globSync(pattern, { cwd: folder }).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  if (last === undefined) throw new Error(`${folder}: expected a file matching ${pattern}, got none`)
  return join(folder, last)
}
