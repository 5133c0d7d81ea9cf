import { type KafkaClient, KafkaFailure, type OutgoingRecord } from '../client/client.ts'
import type { CancellableSleeps } from './cancellable-sleep.ts'
import { PartitionQueue } from './partition-queue.ts'
import { retry } from './retry.ts'
import type { Topics } from './topics.ts'

/** Collaborators and limits of {@link Writer}. */
export interface WriterOptions {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly sleeps: CancellableSleeps
  /** Time for which a batch is retried, in milliseconds. */
  readonly timeout: number
  /** Maximum batch size in bytes. */
  readonly maxBatchBytes: number
}

/** One Kafka partition. */
export interface Destination {
  readonly topic: string
  readonly partition: number
}

/** Writes records to Kafka partitions, with one ordered queue per partition. */
export class Writer {
  readonly #options: WriterOptions
  readonly #queues = new Map<string, PartitionQueue>()
  #draining = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Enqueues a record. Resolves when it and all earlier records of its Kafka partition are written. */
  enqueue(destination: Destination, record: OutgoingRecord): Promise<void> {
    const name = `${destination.topic}/${destination.partition}`
    const queue = this.#queues.get(name) ?? this.#openQueue(destination)
    this.#queues.set(name, queue)
    return queue.enqueue(record)
  }

  /** Resolves when every enqueued record is written or rejected. Failures from now on are not retried. */
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
      const target = (await topics.get(topic))[partition]
      if (!target)
        throw new KafkaFailure('unreachable', `Kafka partition ${partition} of topic ${topic} no longer exists`)
      try {
        await client.produce(target, batch)
      } catch (error) {
        if (error instanceof KafkaFailure && error.kind === 'unreachable') client.disconnect(target.leader)
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
