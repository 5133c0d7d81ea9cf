import { type KafkaClient, KafkaFailure, type Partition, type TopicSettings } from '../client/client.ts'

/** A topic's Kafka partitions, in order. */
export type Topic = readonly Partition[]

/** Cached metadata of the topics in use. A topic that does not exist is created. */
export class Topics {
  readonly #client: KafkaClient
  readonly #settings: TopicSettings
  readonly #byName = new Map<string, Promise<Topic>>()
  readonly #refreshing = new Map<string, Promise<Topic>>()

  constructor(client: KafkaClient, settings: TopicSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** Names of the topics in the cache. */
  get knownNames(): Iterable<string> {
    return [...this.#byName.keys()]
  }

  /** Returns a topic from the cache, or looks it up. */
  get(name: string): Promise<Topic> {
    return this.#byName.get(name) ?? this.refresh(name)
  }

  /** Looks up a topic, and updates the cache. Concurrent calls share one lookup. */
  refresh(name: string): Promise<Topic> {
    const pending = this.#refreshing.get(name)
    if (pending) return pending
    const refreshing = this.#discover(name).finally(() => this.#refreshing.delete(name))
    this.#refreshing.set(name, refreshing)
    this.#byName.set(name, refreshing)
    refreshing.catch(() => {
      if (this.#byName.get(name) === refreshing) this.#byName.delete(name)
    })
    return refreshing
  }

  async #discover(name: string): Promise<Topic> {
    const found = (await this.#client.describeTopic(name)) ?? (await this.#create(name))
    if (found.some(({ leader }) => leader < 0))
      throw new KafkaFailure('not-leader', `a Kafka partition of topic ${name} has no leader`)
    return found
  }

  async #create(name: string): Promise<Topic> {
    await this.#client.createTopic(name, this.#settings)
    const created = await this.#client.describeTopic(name)
    // brokers learn of a new topic one after another
    if (!created) throw new KafkaFailure('not-leader', `topic ${name} is not known to every broker yet`)
    return created
  }
}
