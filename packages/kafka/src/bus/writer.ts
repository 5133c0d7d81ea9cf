import { type KafkaClient, KafkaFailure, type OutgoingRecord } from '../client/client.ts'
import { Line } from './line.ts'
import type { Pauses } from './pause.ts'
import { persist } from './persist.ts'
import type { Topics } from './topics.ts'

/** What a writer works with. */
export interface WriterOptions {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly pauses: Pauses
  /** For how long a batch is tried, in ms. */
  readonly timeout: number
  /** The most bytes in one batch. */
  readonly maxBytes: number
}

/** One Kafka partition. */
export interface Destination {
  readonly topic: string
  readonly partition: number
}

/** Writes to every Kafka partition in order, each on a line of its own. */
export class Writer {
  readonly #options: WriterOptions
  readonly #lines = new Map<string, Line>()
  #ending = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Resolves when it is written, and all that was added there before. */
  add(destination: Destination, record: OutgoingRecord): Promise<void> {
    const name = `${destination.topic}/${destination.partition}`
    const line = this.#lines.get(name) ?? this.#open(destination)
    this.#lines.set(name, line)
    return line.add(record)
  }

  /** Settles when all that was added is written or refused; what fails from now on is not tried again. */
  async end(): Promise<void> {
    this.#ending = true
    await Promise.all([...this.#lines.values()].map((line) => line.idle()))
  }

  #open(destination: Destination): Line {
    return new Line({ maxBytes: this.#options.maxBytes, send: (batch) => this.#send(destination, batch) })
  }

  #send({ topic, partition }: Destination, batch: readonly OutgoingRecord[]): Promise<void> {
    const { client, topics, pauses, timeout } = this.#options
    const write = async (): Promise<void> => {
      const to = (await topics.get(topic))[partition]
      if (!to) throw new KafkaFailure('away', `${topic} has no partition ${partition} any more`)
      try {
        await client.write(to, batch)
      } catch (error) {
        if (error instanceof KafkaFailure && error.kind === 'away') client.drop(to.leader)
        throw error
      }
    }
    return persist(write, {
      until: performance.now() + timeout,
      pause: (ms) => pauses.pause(ms),
      between: () => topics.look(topic),
      over: () => this.#ending,
    })
  }
}
