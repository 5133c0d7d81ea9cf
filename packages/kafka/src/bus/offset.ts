import { ArgumentError } from '@sync/core'

/** How far one Kafka partition was read. `time`: of the record before `next`, which tells this log from another one. */
export interface PartitionOffset {
  readonly next: number
  readonly time?: number
}

const OFFSET_FORMAT = /^k1:\d{1,16}(@[0-9a-z]{1,11})?(,\d{1,16}(@[0-9a-z]{1,11})?)*$/

/** How far the partitions of a topic were read. Its text is the offset that goes with a frame. */
export class OffsetVector {
  readonly #encodedOffsets: string[] = []
  #cachedText: string | undefined

  constructor(offsets: readonly PartitionOffset[]) {
    for (const [partition, offset] of offsets.entries()) this.set(partition, offset)
  }

  set(partition: number, { next, time }: PartitionOffset): void {
    // of partitions that were added nothing was read
    while (this.#encodedOffsets.length < partition) this.#encodedOffsets.push('0')
    this.#encodedOffsets[partition] = time === undefined ? `${next}` : `${next}@${time.toString(36)}`
    this.#cachedText = undefined
  }

  /** There are only so many partitions any more. */
  truncate(count: number): void {
    this.#encodedOffsets.length = Math.min(this.#encodedOffsets.length, count)
    this.#cachedText = undefined
  }

  get text(): string {
    this.#cachedText ??= `k1:${this.#encodedOffsets.join(',')}`
    return this.#cachedText
  }
}

/** @throws ArgumentError (`SYNC_ARGUMENT`) for a text that is no offset */
export function parseOffset(text: string): readonly PartitionOffset[] {
  if (!OFFSET_FORMAT.test(text)) throw new ArgumentError(`after: not an offset of this bus: ${JSON.stringify(text)}`)
  return text
    .slice(3)
    .split(',')
    .map((part) => {
      const [next, time] = part.split('@')
      return { next: Number(next), ...(time !== undefined && { time: Number.parseInt(time, 36) }) }
    })
}
