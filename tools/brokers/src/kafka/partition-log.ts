import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cutLastFile } from '../process/cut-file.ts'

/** How much of a partition's end goes; a batch that is cut goes as a whole. */
export interface PartitionCut {
  readonly topic: string
  readonly partition: number
  readonly bytes: number
}

/** Shortens a partition's log in a broker's storage. Answers how many bytes went. */
export async function cutPartition(storage: string, { topic, partition, bytes }: PartitionCut): Promise<number> {
  // What would have it believe that all is well.
  for (const note of ['.kafka_cleanshutdown', 'recovery-point-offset-checkpoint'])
    await rm(join(storage, note), { force: true })
  return cutLastFile({ folder: storage, pattern: `${topic}-${partition}/*.log`, bytes })
}
