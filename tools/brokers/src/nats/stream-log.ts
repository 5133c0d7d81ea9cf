import { globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { truncateLastFile } from '../process/truncate-file.ts'

/** Number of bytes to cut from the end of a stream. A message that is cut is lost entirely. */
export interface StreamTruncation {
  readonly stream: string
  readonly bytes: number
}

/** Cuts a stream in a JetStream store. Returns the number of bytes removed. */
export async function truncateStream(store: string, { stream, bytes }: StreamTruncation): Promise<number> {
  const messages = `**/streams/${stream}/msgs`
  // The index describes the uncut stream. The server rebuilds it from the blocks.
  for (const index of globSync(`${messages}/index.db`, { cwd: store })) await rm(join(store, index))
  return truncateLastFile({ folder: store, pattern: `${messages}/*.blk`, bytes })
}
