import { ArgumentError } from '@sync/core'

/** Progress of reading one Kafka partition. */
export interface PartitionOffset {
  /** Offset of the next record to read. */
  readonly next: number
  /** Time of the record before `next`, in milliseconds since 1970. It distinguishes this log from another one. */
  readonly time?: number
}

const OFFSET_FORMAT = /^k1:\d{1,16}(@[0-9a-z]{1,11})?(,\d{1,16}(@[0-9a-z]{1,11})?)*$/

/** Progress of reading all Kafka partitions of a topic. Its text is the bus's offset, which accompanies each frame. */
export class OffsetVector {
  readonly #encodedOffsets: string[] = []
  #cachedText: string | undefined

  constructor(offsets: readonly PartitionOffset[]) {
    for (const [partition, offset] of offsets.entries()) this.set(partition, offset)
  }

  set(partition: number, { next, time }: PartitionOffset): void {
    // partitions added in between are unread
    while (this.#encodedOffsets.length < partition) this.#encodedOffsets.push('0')
    this.#encodedOffsets[partition] = time === undefined ? `${next}` : `${next}@${time.toString(36)}`
    this.#cachedText = undefined
  }

  /** Drops the offsets of partitions that no longer exist. */
  truncate(count: number): void {
    this.#encodedOffsets.length = Math.min(this.#encodedOffsets.length, count)
    this.#cachedText = undefined
  }

  get text(): string {
    this.#cachedText ??= `k1:${this.#encodedOffsets.join(',')}`
    return this.#cachedText
  }
}

/** Parses an offset. @throws ArgumentError (`SYNC_ARGUMENT`) if the text is not an offset of a Kafka bus */
export function parseOffset(text: string): readonly PartitionOffset[] {
  if (!OFFSET_FORMAT.test(text))
    throw new ArgumentError(`after: expected an offset of a Kafka bus, got ${JSON.stringify(text)}`)
  return text
    .slice(3)
    .split(',')
    .map((part) => {
      const [next, time] = part.split('@')
      return { next: Number(next), ...(time !== undefined && { time: Number.parseInt(time, 36) }) }
    })
}
