import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { truncateLastFile } from '../process/truncate-file.ts'

/** Number of bytes to cut from the end of a partition. A batch that is cut is lost entirely. */
export interface PartitionTruncation {
  readonly topic: string
  readonly partition: number
  readonly bytes: number
}

/** Cuts a partition's log in a broker's storage. Returns the number of bytes removed. */
export async function truncatePartition(
  storage: string,
  { topic, partition, bytes }: PartitionTruncation,
): Promise<number> {
  // With these files the broker would assume a clean shutdown and skip recovery.
  for (const checkpoint of ['.kafka_cleanshutdown', 'recovery-point-offset-checkpoint'])
    await rm(join(storage, checkpoint), { force: true })
  return truncateLastFile({ folder: storage, pattern: `${topic}-${partition}/*.log`, bytes })
}
