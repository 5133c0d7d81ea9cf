import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { truncateLastFile } from '../process/truncate-file.ts'

/** How much of a partition's end goes; a batch that is cut goes as a whole. */
export interface PartitionTruncation {
  readonly topic: string
  readonly partition: number
  readonly bytes: number
}

/** Shortens a partition's log in a broker's storage. Answers how many bytes went. */
export async function truncatePartition(
  storage: string,
  { topic, partition, bytes }: PartitionTruncation,
): Promise<number> {
  // What would have it believe that all is well.
  for (const checkpoint of ['.kafka_cleanshutdown', 'recovery-point-offset-checkpoint'])
    await rm(join(storage, checkpoint), { force: true })
  return truncateLastFile({ folder: storage, pattern: `${topic}-${partition}/*.log`, bytes })
}
