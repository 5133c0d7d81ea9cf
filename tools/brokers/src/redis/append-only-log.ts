import { readFile } from 'node:fs/promises'
import { lastFile, truncateLastFile } from '../process/truncate-file.ts'

/** How much of the end goes: that many bytes (a command may stay half written), or the last commits, of those with this text. */
export type LogTruncation = { readonly bytes: number } | { readonly commits: number; readonly containing?: string }

/** Shortens the append-only log in a Redis server's folder, as a crash of its machine would. Answers how many bytes went. */
export async function truncateAppendOnlyLog(folder: string, truncation: LogTruncation): Promise<number> {
  const bytes = 'bytes' in truncation ? truncation.bytes : await byteLengthOfLast(folder, truncation)
  return truncateLastFile({ folder, pattern: LOG_PATTERN, bytes })
}

const LOG_PATTERN = 'appendonlydir/*.incr.aof'

async function byteLengthOfLast(
  folder: string,
  { commits, containing = '' }: { readonly commits: number; readonly containing?: string },
): Promise<number> {
  const log = await readFile(lastFile(folder, LOG_PATTERN))
  return log.length - offsetOfLast(log, commits, containing)
}

/** Where the last `count` commits begin. */
function offsetOfLast(log: Buffer, count: number, containing: string): number {
  const all = commitOffsets(log)
  const starts = all.filter((start, at) => log.subarray(start, all[at + 1]).includes(containing))
  if (count > starts.length) throw new RangeError(`the log has ${starts.length} commits, not ${count}`)
  return count === 0 ? log.length : (starts[starts.length - count] ?? 0)
}

/** A commit is a command that writes, or all from MULTI to EXEC: what a script or a transaction wrote. */
function commitOffsets(log: Buffer): number[] {
  const starts: number[] = []
  let inside = false
  for (let at = 0; at < log.length; ) {
    const { name, next } = readCommand(log, at)
    if (!inside && name !== 'SELECT') starts.push(at)
    if (name === 'MULTI') inside = true
    if (name === 'EXEC') inside = false
    at = next
  }
  return starts
}

/** `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`: the number of parts, then each with its length. */
function readCommand(log: Buffer, at: number): { name: string; next: number } {
  let next = at
  const line = (): string => {
    const end = log.indexOf('\r\n', next)
    if (end < 0) throw new Error('the log ends within a command')
    const text = log.toString('latin1', next, end)
    next = end + 2
    return text
  }
  const first = line()
  // An annotation, such as a time stamp.
  if (first.startsWith('#')) return { name: 'SELECT', next }
  let name = ''
  for (let part = 0; part < Number(first.slice(1)); part++) {
    const length = Number(line().slice(1))
    if (part === 0) name = log.toString('latin1', next, next + length).toUpperCase()
    next += length + 2
  }
  return { name, next }
}
