import { AbortedError, BusAwayError, ClosedError, LimitError, SyncError } from '@sync/core'
import {
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  checkScope,
  type EncodedChange,
  type FrameHandler,
  frames,
  isDocumentRef,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import { type KafkaClient, KafkaFailure } from '../client/client.ts'
import { KafkaError } from '../errors.ts'
import { kafkaPartitionOf, recordKey, topicOf } from '../names.ts'
import { Pauses } from './pause.ts'
import { persist } from './persist.ts'
import { Reader } from './reader.ts'
import type { BusSettings } from './settings.ts'
import { type Topic, Topics } from './topics.ts'
import { Writer } from './writer.ts'

/** What a batch takes beside its frames, at the most: names of its records, and what Kafka puts around them. */
const OVERHEAD = 65_536

/** What there is once the client was loaded. */
interface Parts {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly reader: Reader
  readonly writer: Writer
}

/** A bus over Kafka, whichever client carries it. */
export class KafkaBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly #settings: BusSettings
  readonly #parts: Promise<Parts>
  readonly #pauses = new Pauses()
  readonly #statuses: Listeners<BusStatus>
  readonly #stops = new Set<() => Promise<void>>()
  readonly #finding = new Map<string, Promise<Topic>>()
  #connected = false
  #closing: Promise<void> | undefined

  constructor(client: Promise<KafkaClient>, settings: BusSettings) {
    this.#settings = settings
    this.#statuses = new Listeners(settings.onError)
    this.#parts = client.then((opened) => this.#open(opened))
    // whoever calls first hears of it
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
    this.#check(scope)
    const { writer, topics } = await this.#parts
    const { section } = scope
    const name = topicOf(this.#settings.topic, scope.partition)
    const key = this.#keyOf(scope)
    try {
      const { length } = await this.#topicOf(name, topics)
      const keyed = Map.groupBy(changes, (change) =>
        kafkaPartitionOf(section, isDocumentRef(scope) ? scope.key : change.key, length),
      )
      const sent = [...keyed].flatMap(([partition, own]) =>
        frames(own, this.capabilities.maxPayloadBytes).map(({ text }) =>
          writer.add({ topic: name, partition }, { key, value: text }),
        ),
      )
      // every outcome is awaited: none may reject unheard
      const failed = (await Promise.allSettled(sent)).find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
      this.#reached()
    } catch (error) {
      throw this.#errorOf(error, scope)
    }
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#check(scope)
    const { signal, after } = options
    const refuse = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
      if (this.#closing) throw new ClosedError('the bus is closed', { address: scope })
    }
    refuse()
    const topic = topicOf(this.#settings.topic, scope.partition)
    const key = this.#keyOf(scope)
    const { reader, topics } = await this.#parts
    let end: () => void
    try {
      end = await this.#persist(topic, topics, () => reader.listen({ topic, key, handler: onFrame, after }))
    } catch (error) {
      throw this.#errorOf(error, scope)
    }
    const stop = async (): Promise<void> => {
      signal?.removeEventListener('abort', stop)
      this.#stops.delete(stop)
      end()
    }
    signal?.addEventListener('abort', stop)
    this.#stops.add(stop)
    try {
      refuse()
    } catch (error) {
      await stop()
      throw error
    }
    this.#reached()
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statuses.add(listener)
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
      'max.message.bytes': `${maxPayloadBytes + OVERHEAD}`,
    }
    const topics = new Topics(client, { partitions, replicas, config })
    const pauses = this.#pauses
    const reader = new Reader({ client, topics, pauses, onError, told: (state) => this.#changed(state) })
    // half of what is kept for the overhead goes to names: a batch of one frame always fits
    const writer = new Writer({ client, topics, pauses, timeout, maxBytes: maxPayloadBytes + OVERHEAD / 2 })
    return { client, topics, reader, writer }
  }

  async #close(): Promise<void> {
    const parts = await this.#parts.catch(() => undefined)
    parts?.reader.stop()
    for (const stop of [...this.#stops]) void stop()
    await parts?.writer.end()
    this.#pauses.endAll()
    await parts?.client.close()
    await parts?.reader.ended()
    this.#statuses.tell('closed')
    this.#statuses.clear()
  }

  /** All who publish to a topic that is being looked for wait for one and the same look: they go on in the order in which they came. */
  #topicOf(name: string, topics: Topics): Promise<Topic> {
    const under = this.#finding.get(name)
    if (under) return under
    const finding = this.#persist(name, topics, () => topics.get(name)).finally(() => this.#finding.delete(name))
    this.#finding.set(name, finding)
    return finding
  }

  #persist<T>(name: string, topics: Topics, work: () => Promise<T>): Promise<T> {
    return persist(work, {
      until: performance.now() + this.#settings.timeout,
      pause: (ms) => this.#pauses.pause(ms),
      between: () => topics.look(name),
      over: () => this.#closing !== undefined,
    })
  }

  #keyOf(scope: Scope): string {
    const key = recordKey(scope)
    if (Buffer.byteLength(key) <= OVERHEAD / 4) return key
    throw new LimitError(`the names of a scope: ${OVERHEAD / 4} bytes at the most`, { address: scope })
  }

  #reached(): void {
    if (this.#connected || this.#closing) return
    this.#connected = true
    this.#statuses.tell('connected')
  }

  #changed(state: 'up' | 'down'): void {
    // before the first success nothing can be interrupted
    if (this.#connected && !this.#closing) this.#statuses.tell(state === 'up' ? 'resumed' : 'interrupted')
  }

  #check(scope: Scope): void {
    if (this.#closing) throw new ClosedError('the bus is closed', { address: scope })
    checkScope(scope)
  }

  #errorOf(cause: unknown, address: Scope): SyncError {
    if (cause instanceof SyncError) return cause
    const message = cause instanceof Error ? cause.message : String(cause)
    const brokers = this.#settings.brokers.join(', ')
    if (cause instanceof KafkaFailure && cause.kind === 'large')
      return new LimitError(`larger than the topic takes: ${message}`, { address, cause })
    if (cause instanceof KafkaFailure && cause.kind === 'refused')
      return new KafkaError(`Kafka at ${brokers}: ${message}`, { address, cause })
    if (this.#closing) return new ClosedError('the bus is closed', { address, cause })
    return new BusAwayError(`Kafka at ${brokers} did not answer: ${message}`, { address, cause })
  }
}
