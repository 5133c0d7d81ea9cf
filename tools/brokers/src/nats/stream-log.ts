import { globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { truncateLastFile } from '../process/truncate-file.ts'

/** How much of a stream's end goes; a message that is cut goes as a whole. */
export interface StreamTruncation {
  readonly stream: string
  readonly bytes: number
}

/** Shortens a stream in a JetStream store. Answers how many bytes went. */
export async function truncateStream(store: string, { stream, bytes }: StreamTruncation): Promise<number> {
  const messages = `**/streams/${stream}/msgs`
  // What the server noted about the whole.
  for (const index of globSync(`${messages}/index.db`, { cwd: store })) await rm(join(store, index))
  return truncateLastFile({ folder: store, pattern: `${messages}/*.blk`, bytes })
}
