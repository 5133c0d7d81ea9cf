import { OffsetLostError } from '@sync/core'
import type { KafkaClient, OffsetRange } from '../client/client.ts'
import type { PartitionOffset } from './offset.ts'
import type { Topic } from './topics.ts'

/** Where somebody wants to go on. */
export interface ResumeContext {
  readonly client: KafkaClient
  readonly topic: Topic
  readonly offsetRanges: readonly OffsetRange[]
  readonly offsets: readonly PartitionOffset[]
}

/**
 * Can be gone on from there without a hole? The log has to keep all that comes after, and to be the same log: one that was made
 * anew, or lost its end, has another record where the last one stood that was read.
 * @throws OffsetLostError (`SYNC_OFFSET_LOST`)
 */
export async function assertResumable({ client, topic, offsetRanges, offsets }: ResumeContext): Promise<void> {
  const throwLost = (reason: string): never => {
    throw new OffsetLostError(`the offset is not kept any more: ${reason}`)
  }
  if (offsets.length > topic.length) throwLost('the topic has fewer partitions than it had')
  for (const [at, { first, end }] of offsetRanges.entries()) {
    const { next } = offsets[at] ?? { next: 0 }
    if (next < first) throwLost('what came after it was removed')
    if (next > end) throwLost('the log ends before it')
  }
  const verified = await Promise.all(
    topic.map(async (partition, at): Promise<boolean> => {
      const { next, time } = offsets[at] ?? { next: 0 }
      const last = next - 1
      if (time === undefined || last < (offsetRanges[at]?.first ?? 0)) return false
      const positions = [{ ...partition, next: last }]
      const [result] = await client.fetch({ leader: partition.leader, lane: 'joining', maxWaitMs: 0, positions })
      const record = result?.records.find(({ offset }) => offset === last)
      return record?.time === time || throwLost('the log is another one')
    }),
  )
  if (!verified.includes(true)) throwLost('nothing is left that would show that the log is the same')
}
