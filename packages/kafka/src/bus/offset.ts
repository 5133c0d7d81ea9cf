import { ArgumentError } from '@sync/core'

/** How far one Kafka partition was read. `time`: of the record before `next`, which tells this log from another one. */
export interface Mark {
  readonly next: number
  readonly time?: number
}

const TEXT = /^k1:\d{1,16}(@[0-9a-z]{1,11})?(,\d{1,16}(@[0-9a-z]{1,11})?)*$/

/** How far the partitions of a topic were read. Its text is the offset that goes with a frame. */
export class Marks {
  readonly #texts: string[] = []
  #joined: string | undefined

  constructor(marks: readonly Mark[]) {
    for (const [partition, mark] of marks.entries()) this.set(partition, mark)
  }

  set(partition: number, { next, time }: Mark): void {
    // of partitions that were added nothing was read
    while (this.#texts.length < partition) this.#texts.push('0')
    this.#texts[partition] = time === undefined ? `${next}` : `${next}@${time.toString(36)}`
    this.#joined = undefined
  }

  /** There are only so many partitions any more. */
  cut(count: number): void {
    this.#texts.length = Math.min(this.#texts.length, count)
    this.#joined = undefined
  }

  get text(): string {
    this.#joined ??= `k1:${this.#texts.join(',')}`
    return this.#joined
  }
}

/** @throws ArgumentError (`SYNC_ARGUMENT`) for a text that is no offset */
export function readOffset(text: string): readonly Mark[] {
  if (!TEXT.test(text)) throw new ArgumentError(`after: not an offset of this bus: ${JSON.stringify(text)}`)
  return text
    .slice(3)
    .split(',')
    .map((part) => {
      const [next, time] = part.split('@')
      return { next: Number(next), ...(time !== undefined && { time: Number.parseInt(time, 36) }) }
    })
}
