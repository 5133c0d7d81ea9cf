import { OffsetLostError } from '@sync/core'
import type { Bounds, KafkaClient } from '../client/client.ts'
import type { Mark } from './offset.ts'
import type { Topic } from './topics.ts'

/** Where somebody wants to go on. */
export interface Replay {
  readonly client: KafkaClient
  readonly topic: Topic
  readonly bounds: readonly Bounds[]
  readonly marks: readonly Mark[]
}

/**
 * Can be gone on from there without a hole? The log has to keep all that comes after, and to be the same log: one that was made
 * anew, or lost its end, has another record where the last one stood that was read.
 * @throws OffsetLostError (`SYNC_OFFSET_LOST`)
 */
export async function replayFrom({ client, topic, bounds, marks }: Replay): Promise<void> {
  const lost = (why: string): never => {
    throw new OffsetLostError(`the offset is not kept any more: ${why}`)
  }
  if (marks.length > topic.length) lost('the topic has fewer partitions than it had')
  for (const [at, { first, end }] of bounds.entries()) {
    const { next } = marks[at] ?? { next: 0 }
    if (next < first) lost('what came after it was removed')
    if (next > end) lost('the log ends before it')
  }
  const seen = await Promise.all(
    topic.map(async (partition, at): Promise<boolean> => {
      const { next, time } = marks[at] ?? { next: 0 }
      const last = next - 1
      if (time === undefined || last < (bounds[at]?.first ?? 0)) return false
      const points = [{ ...partition, next: last }]
      const [answer] = await client.read({ leader: partition.leader, lane: 'joining', wait: 0, points })
      const record = answer?.records.find(({ offset }) => offset === last)
      return record?.time === time || lost('the log is another one')
    }),
  )
  if (!seen.includes(true)) lost('nothing is left that would show that the log is the same')
}
