import { AbortedError, BusUnavailableError, ClosedError, isSyncError, LimitError, type SyncError } from '@sync/core'
import {
  assertScope,
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  type EncodedChange,
  encodeFrames,
  type FrameHandler,
  isDocumentRef,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import { type KafkaClient, KafkaFailure } from '../client/client.ts'
import { KafkaError } from '../errors.ts'
import { kafkaPartitionOf, recordKey, topicName } from '../names.ts'
import { CancellableSleeps } from './cancellable-sleep.ts'
import { Reader } from './reader.ts'
import { retry } from './retry.ts'
import type { BusSettings } from './settings.ts'
import { type Topic, Topics } from './topics.ts'
import { Writer } from './writer.ts'

/** Bytes that a batch may have in addition to its frames, for record keys and Kafka's own headers. */
const BATCH_OVERHEAD = 65_536

/** Parts of the bus that exist once the client is loaded. */
interface Parts {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly reader: Reader
  readonly writer: Writer
}

/** A bus over Kafka, independent of the client library. */
export class KafkaBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly #settings: BusSettings
  readonly #parts: Promise<Parts>
  readonly #sleeps = new CancellableSleeps()
  readonly #statusListeners: Listeners<BusStatus>
  readonly #stopCallbacks = new Set<() => Promise<void>>()
  readonly #topicLookups = new Map<string, Promise<Topic>>()
  #connected = false
  #closing: Promise<void> | undefined

  constructor(client: Promise<KafkaClient>, settings: BusSettings) {
    this.#settings = settings
    this.#statusListeners = new Listeners(settings.onError)
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

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertOpen(scope)
    const { writer, topics } = await this.#parts
    const { section } = scope
    const name = topicName(this.#settings.topic, scope.partition)
    const key = this.#recordKey(scope)
    try {
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
    } catch (error) {
      throw this.#toError(error, scope)
    }
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertOpen(scope)
    const { signal, after } = options
    const throwIfStopped = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe was aborted', { cause: signal.reason, address: scope })
      if (this.#closing) throw new ClosedError('the bus is closed', { address: scope })
    }
    throwIfStopped()
    const topic = topicName(this.#settings.topic, scope.partition)
    const key = this.#recordKey(scope)
    const { reader, topics } = await this.#parts
    let unsubscribe: () => void
    try {
      unsubscribe = await this.#retry(topic, topics, () => reader.subscribe({ topic, key, handler: onFrame, after }))
    } catch (error) {
      throw this.#toError(error, scope)
    }
    const stop = async (): Promise<void> => {
      signal?.removeEventListener('abort', stop)
      this.#stopCallbacks.delete(stop)
      unsubscribe()
    }
    signal?.addEventListener('abort', stop)
    this.#stopCallbacks.add(stop)
    try {
      throwIfStopped()
    } catch (error) {
      await stop()
      throw error
    }
    this.#markConnected()
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statusListeners.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(client: KafkaClient): Parts {
    const { partitions, replicas, retention, maxPayloadBytes, timeout, onError } = this.#settings
    const config = {
      'cleanup.policy': 'delete',
      'retention.ms': `${Math.round(retention)}`,
      'max.message.bytes': `${maxPayloadBytes + BATCH_OVERHEAD}`,
    }
    const topics = new Topics(client, { partitions, replicas, config })
    const sleeps = this.#sleeps
    const reader = new Reader({ client, topics, sleeps, onError, onState: (state) => this.#onState(state) })
    // half of the overhead is for record keys, so a batch of one frame always fits
    const writer = new Writer({ client, topics, sleeps, timeout, maxBatchBytes: maxPayloadBytes + BATCH_OVERHEAD / 2 })
    return { client, topics, reader, writer }
  }

  async #close(): Promise<void> {
    const parts = await this.#parts.catch(() => undefined)
    parts?.reader.stop()
    for (const stop of [...this.#stopCallbacks]) void stop()
    await parts?.writer.drain()
    this.#sleeps.cancelAll()
    await parts?.client.close()
    await parts?.reader.whenIdle()
    this.#statusListeners.emit('closed')
    this.#statusListeners.clear()
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
      isCancelled: () => this.#closing !== undefined,
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

  #markConnected(): void {
    if (this.#connected || this.#closing) return
    this.#connected = true
    this.#statusListeners.emit('connected')
  }

  #onState(state: 'up' | 'down'): void {
    // `interrupted` requires an earlier `connected`
    if (this.#connected && !this.#closing) this.#statusListeners.emit(state === 'up' ? 'resumed' : 'interrupted')
  }

  #assertOpen(scope: Scope): void {
    if (this.#closing) throw new ClosedError('the bus is closed', { address: scope })
    assertScope(scope)
  }

  #toError(cause: unknown, address: Scope): SyncError {
    if (isSyncError(cause)) return cause
    const message = cause instanceof Error ? cause.message : String(cause)
    const brokers = this.#settings.brokers.join(', ')
    if (cause instanceof KafkaFailure && cause.kind === 'too-large')
      return new LimitError(`the frame is larger than the topic accepts: ${message}`, { address, cause })
    if (cause instanceof KafkaFailure && cause.kind === 'rejected')
      return new KafkaError(`Kafka at ${brokers}: ${message}`, { address, cause })
    if (this.#closing) return new ClosedError('the bus is closed', { address, cause })
    return new BusUnavailableError(`Kafka at ${brokers} did not answer: ${message}`, { address, cause })
  }
}
