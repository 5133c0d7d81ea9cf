import { type KafkaClient, KafkaFailure, type OutgoingRecord } from '../client/client.ts'
import type { CancellableSleeps } from './cancellable-sleep.ts'
import { PartitionQueue } from './partition-queue.ts'
import { retry } from './retry.ts'
import type { Topics } from './topics.ts'

/** What a writer works with. */
export interface WriterOptions {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly sleeps: CancellableSleeps
  /** For how long a batch is tried, in ms. */
  readonly timeout: number
  /** The most bytes in one batch. */
  readonly maxBatchBytes: number
}

/** One Kafka partition. */
export interface Destination {
  readonly topic: string
  readonly partition: number
}

/** Writes to every Kafka partition in order, each on a line of its own. */
export class Writer {
  readonly #options: WriterOptions
  readonly #queues = new Map<string, PartitionQueue>()
  #draining = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Resolves when it is written, and all that was added there before. */
  enqueue(destination: Destination, record: OutgoingRecord): Promise<void> {
    const name = `${destination.topic}/${destination.partition}`
    const queue = this.#queues.get(name) ?? this.#openQueue(destination)
    this.#queues.set(name, queue)
    return queue.enqueue(record)
  }

  /** Settles when all that was added is written or refused; what fails from now on is not tried again. */
  async drain(): Promise<void> {
    this.#draining = true
    await Promise.all([...this.#queues.values()].map((queue) => queue.whenIdle()))
  }

  #openQueue(destination: Destination): PartitionQueue {
    return new PartitionQueue({
      maxBatchBytes: this.#options.maxBatchBytes,
      send: (batch) => this.#send(destination, batch),
    })
  }

  #send({ topic, partition }: Destination, batch: readonly OutgoingRecord[]): Promise<void> {
    const { client, topics, sleeps, timeout } = this.#options
    const write = async (): Promise<void> => {
      const to = (await topics.get(topic))[partition]
      if (!to) throw new KafkaFailure('unreachable', `${topic} has no partition ${partition} any more`)
      try {
        await client.produce(to, batch)
      } catch (error) {
        if (error instanceof KafkaFailure && error.kind === 'unreachable') client.disconnect(to.leader)
        throw error
      }
    }
    return retry(write, {
      deadline: performance.now() + timeout,
      sleep: (ms) => sleeps.sleep(ms),
      beforeRetry: () => topics.refresh(topic),
      isCancelled: () => this.#draining,
    })
  }
}
