import { OffsetLostError } from '@sync/core'
import type { KafkaClient, OffsetRange } from '../client/client.ts'
import type { PartitionOffset } from './offset.ts'
import type { Topic } from './topics.ts'

/** A topic, the offsets that it retains, and the offsets to resume from. */
export interface ResumeContext {
  readonly client: KafkaClient
  readonly topic: Topic
  readonly offsetRanges: readonly OffsetRange[]
  readonly offsets: readonly PartitionOffset[]
}

/**
 * Asserts that reading can resume after the offsets without a gap:
 *
 * - The log still has every later record.
 * - It is the same log. A topic that was created again or lost its end has another record at the last offset that was read, which the
 *   record's time shows.
 * @throws OffsetLostError (`SYNC_OFFSET_LOST`) if not, or if no record is left to compare
 */
export async function assertResumable({ client, topic, offsetRanges, offsets }: ResumeContext): Promise<void> {
  const throwLost = (reason: string): never => {
    throw new OffsetLostError(`after: cannot resume from this offset: ${reason}`)
  }
  if (offsets.length > topic.length) throwLost('the topic has fewer Kafka partitions than before')
  for (const [at, { first, end }] of offsetRanges.entries()) {
    const { next } = offsets[at] ?? { next: 0 }
    if (next < first) throwLost('later records were deleted')
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
      return record?.time === time || throwLost('the topic was created again, or lost its end')
    }),
  )
  if (!verified.includes(true)) throwLost('no record is left that identifies the log')
}
