import { readFile } from 'node:fs/promises'
import { lastFile, truncateLastFile } from '../process/truncate-file.ts'

/**
 * The part of the log's end to cut. `bytes` may leave a command half written. `commits` counts whole commits; with `containing`,
 * it counts only those that contain the text, and the cut includes every commit after the first of them.
 */
export type LogTruncation = { readonly bytes: number } | { readonly commits: number; readonly containing?: string }

/** Cuts the append-only log in a Redis server's folder, as a crash of its machine would. Returns the number of bytes removed. */
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

/** Returns the offset at which the last `count` matching commits begin. */
function offsetOfLast(log: Buffer, count: number, containing: string): number {
  const all = commitOffsets(log)
  const starts = all.filter((start, at) => log.subarray(start, all[at + 1]).includes(containing))
  if (count > starts.length) throw new RangeError(`commits: expected at most ${starts.length}, got ${count}`)
  return count === 0 ? log.length : (starts[starts.length - count] ?? 0)
}

/** Returns the offset of each commit: one writing command, or all commands from MULTI to EXEC of a script or transaction. */
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

/** Parses one command, such as `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`: the number of parts, then each part with its length. */
function readCommand(log: Buffer, at: number): { name: string; next: number } {
  let next = at
  const line = (): string => {
    const end = log.indexOf('\r\n', next)
    if (end < 0) throw new Error('append-only log: expected a complete command, got the end of the file')
    const text = log.toString('latin1', next, end)
    next = end + 2
    return text
  }
  const first = line()
  // An annotation, such as a timestamp, is not a commit either.
  if (first.startsWith('#')) return { name: 'SELECT', next }
  let name = ''
  for (let part = 0; part < Number(first.slice(1)); part++) {
    const length = Number(line().slice(1))
    if (part === 0) name = log.toString('latin1', next, next + length).toUpperCase()
    next += length + 2
  }
  return { name, next }
}
