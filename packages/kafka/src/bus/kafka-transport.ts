import { BusUnavailableError, LimitError } from '@sync/core'
import {
  type BusCapabilities,
  type BusTransport,
  type EncodedChange,
  encodeFrames,
  type FrameHandler,
  isDocumentRef,
  messagesOf,
  type Scope,
  type TransportCall,
  type TransportState,
  type Unsubscribe,
} from '@sync/core/adapter'
import { type KafkaClient, KafkaFailure } from '../client/client.ts'
import { KafkaError } from '../errors.ts'
import { kafkaPartitionOf, recordKey, topicName } from '../names.ts'
import { CancellableSleeps } from './cancellable-sleep.ts'
import { Reader } from './reader.ts'
import { retry } from './retry.ts'
import type { BusSettings } from './settings.ts'
import { BATCH_OVERHEAD, topicConfig } from './topic-config.ts'
import { type Topic, Topics } from './topics.ts'
import { Writer } from './writer.ts'

/** Parts of the bus that exist once the client is loaded. */
interface Parts {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly reader: Reader
  readonly writer: Writer
}

/** Moves frames over Kafka, independent of the client library. */
export class KafkaTransport implements BusTransport {
  readonly capabilities: BusCapabilities
  readonly #settings: BusSettings
  readonly #parts: Promise<Parts>
  readonly #sleeps = new CancellableSleeps()
  readonly #topicLookups = new Map<string, Promise<Topic>>()
  #onState: (state: TransportState) => void = () => {}
  #connected = false
  #closed = false

  constructor(client: Promise<KafkaClient>, settings: BusSettings) {
    this.#settings = settings
    this.#parts = client.then((opened) => this.#open(opened))
    // the first call reports the error
    this.#parts.catch(() => {})
    this.capabilities = Object.freeze({
      delivery: 'at-least-once',
      replay: 'from-offset',
      ordering: 'per-key',
      durability: 'server',
      whenDown: 'reject',
      live: 'at-once',
      echo: true,
      maxPayloadBytes: settings.maxPayloadBytes,
    })
  }

  start(onState: (state: TransportState) => void): void {
    this.#onState = onState
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const { writer, topics } = await this.#parts
    const { section } = scope
    const name = topicName(this.#settings.topic, scope.partition)
    const key = this.#recordKey(scope)
    const { length } = await this.#lookUpTopic(name, topics)
    const byPartition = Map.groupBy(changes, (change) =>
      kafkaPartitionOf(section, isDocumentRef(scope) ? scope.key : change.key, length),
    )
    const sent = [...byPartition].flatMap(([partition, partitionChanges]) =>
      encodeFrames(partitionChanges, this.capabilities.maxPayloadBytes).map(({ text }) =>
        writer.enqueue({ topic: name, partition }, { key, value: text }),
      ),
    )
    // all outcomes are awaited, so that no rejection stays unhandled
    const failed = (await Promise.allSettled(sent)).find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
    this.#markConnected()
  }

  async subscribe(scope: Scope, handler: FrameHandler, after: string | undefined): Promise<Unsubscribe> {
    const topic = topicName(this.#settings.topic, scope.partition)
    const key = this.#recordKey(scope)
    const { reader, topics } = await this.#parts
    const unsubscribe = await this.#retry(topic, topics, () => reader.subscribe({ topic, key, handler, after }))
    this.#markConnected()
    return unsubscribe
  }

  toError(cause: unknown, { scope: address }: TransportCall): Error {
    const message = messagesOf(cause)
    const brokers = this.#settings.brokers.join(', ')
    if (cause instanceof KafkaFailure && cause.kind === 'too-large')
      return new LimitError(`the frame is larger than the topic accepts: ${message}`, { address, cause })
    if (cause instanceof KafkaFailure && cause.kind === 'rejected')
      return new KafkaError(`Kafka at ${brokers}: ${message}`, { address, cause })
    return new BusUnavailableError(`Kafka at ${brokers} did not answer: ${message}`, { address, cause })
  }

  async close(): Promise<void> {
    this.#closed = true
    const parts = await this.#parts.catch(() => undefined)
    parts?.reader.stop()
    await parts?.writer.drain()
    this.#sleeps.cancelAll()
    await parts?.client.close()
    await parts?.reader.whenIdle()
  }

  #open(client: KafkaClient): Parts {
    const { partitions, replicas, maxPayloadBytes, timeout } = this.#settings
    const topics = new Topics(client, { partitions, replicas, config: topicConfig(this.#settings) })
    const sleeps = this.#sleeps
    const reader = new Reader({ client, topics, sleeps, onState: (state) => this.#onReaderState(state) })
    // half of the overhead is for record keys, so a batch of one frame always fits
    const writer = new Writer({ client, topics, sleeps, timeout, maxBatchBytes: maxPayloadBytes + BATCH_OVERHEAD / 2 })
    return { client, topics, reader, writer }
  }

  /** Looks up a topic. Concurrent publications share one lookup, and therefore continue in the order of their calls. */
  #lookUpTopic(name: string, topics: Topics): Promise<Topic> {
    const pending = this.#topicLookups.get(name)
    if (pending) return pending
    const lookup = this.#retry(name, topics, () => topics.get(name)).finally(() => this.#topicLookups.delete(name))
    this.#topicLookups.set(name, lookup)
    return lookup
  }

  #retry<T>(name: string, topics: Topics, work: () => Promise<T>): Promise<T> {
    return retry(work, {
      deadline: performance.now() + this.#settings.timeout,
      sleep: (ms) => this.#sleeps.sleep(ms),
      beforeRetry: () => topics.refresh(name),
      isCancelled: () => this.#closed,
    })
  }

  #recordKey(scope: Scope): string {
    const key = recordKey(scope)
    const [bytes, maxBytes] = [Buffer.byteLength(key), BATCH_OVERHEAD / 4]
    if (bytes <= maxBytes) return key
    throw new LimitError(`expected a record key of at most ${maxBytes} bytes, got ${bytes} bytes; use shorter names`, {
      address: scope,
    })
  }

  #onReaderState(state: TransportState): void {
    // the reader is up again only after a call succeeded
    if (this.#connected) this.#onState(state)
  }

  /** Reports the connection with the first call that succeeded. The client library does not report it. */
  #markConnected(): void {
    if (this.#connected) return
    this.#connected = true
    this.#onState('up')
  }
}
