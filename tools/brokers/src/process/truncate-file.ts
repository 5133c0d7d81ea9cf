import { globSync } from 'node:fs'
import { stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'

/** Which file, and by how much it is shortened. */
export interface FileTruncation {
  readonly folder: string
  /** Of the log's files; the last one is cut. */
  readonly pattern: string
  readonly bytes: number
}

/** Shortens the last file of a log, as a crash of its machine would. Answers how many bytes went. */
export async function truncateLastFile({ folder, pattern, bytes }: FileTruncation): Promise<number> {
  const file = lastFile(folder, pattern)
  const { size } = await stat(file)
  const remaining = Math.max(0, size - bytes)
  await truncate(file, remaining)
  return size - remaining
}

/** Of all files that match, the last by the numbers in its name. */
export function lastFile(folder: string, pattern: string): string {
  const [last] = globSync(pattern, { cwd: folder }).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  if (last === undefined) throw new Error(`${folder} has no ${pattern}`)
  return join(folder, last)
}
