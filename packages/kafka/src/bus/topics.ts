import { type KafkaClient, KafkaFailure, type Partition, type TopicSettings } from '../client/client.ts'

/** A topic's partitions, in their order. */
export type Topic = readonly Partition[]

/** The topics that are in use here. One that does not exist is made. */
export class Topics {
  readonly #client: KafkaClient
  readonly #settings: TopicSettings
  readonly #byName = new Map<string, Promise<Topic>>()
  readonly #refreshing = new Map<string, Promise<Topic>>()

  constructor(client: KafkaClient, settings: TopicSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** Those that were found. */
  get knownNames(): Iterable<string> {
    return [...this.#byName.keys()]
  }

  /** As it was seen last. */
  get(name: string): Promise<Topic> {
    return this.#byName.get(name) ?? this.refresh(name)
  }

  /** As it is now. */
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
      throw new KafkaFailure('not-leader', `${name} has a partition without leader`)
    return found
  }

  async #create(name: string): Promise<Topic> {
    await this.#client.createTopic(name, this.#settings)
    const made = await this.#client.describeTopic(name)
    // brokers hear of it one by one
    if (!made) throw new KafkaFailure('not-leader', `${name} is not known everywhere yet`)
    return made
  }
}
