import { readFile } from 'node:fs/promises'
import { cutLastFile, lastFile } from '../process/cut-file.ts'

/** How much of the end goes: that many bytes (a command may stay half written), or the last commits, of those with this text. */
export type Cut = { readonly bytes: number } | { readonly commits: number; readonly having?: string }

/** Shortens the append-only log in a Redis server's folder, as a crash of its machine would. Answers how many bytes went. */
export async function cutAppendOnlyLog(folder: string, cut: Cut): Promise<number> {
  const bytes = 'bytes' in cut ? cut.bytes : await lengthOfLast(folder, cut)
  return cutLastFile({ folder, pattern: LOG, bytes })
}

const LOG = 'appendonlydir/*.incr.aof'

async function lengthOfLast(
  folder: string,
  { commits, having = '' }: { readonly commits: number; readonly having?: string },
): Promise<number> {
  const log = await readFile(lastFile(folder, LOG))
  return log.length - startOfLast(log, commits, having)
}

/** Where the last `count` commits begin. */
function startOfLast(log: Buffer, count: number, having: string): number {
  const all = commitStarts(log)
  const starts = all.filter((start, at) => log.subarray(start, all[at + 1]).includes(having))
  if (count > starts.length) throw new RangeError(`the log has ${starts.length} commits, not ${count}`)
  return count === 0 ? log.length : (starts[starts.length - count] ?? 0)
}

/** A commit is a command that writes, or all from MULTI to EXEC: what a script or a transaction wrote. */
function commitStarts(log: Buffer): number[] {
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
