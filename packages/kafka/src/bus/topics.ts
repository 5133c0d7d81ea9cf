import { type KafkaClient, KafkaFailure, type Partition, type TopicSettings } from '../client/client.ts'

/** A topic's partitions, in their order. */
export type Topic = readonly Partition[]

/** The topics that are in use here. One that does not exist is made. */
export class Topics {
  readonly #client: KafkaClient
  readonly #settings: TopicSettings
  readonly #known = new Map<string, Promise<Topic>>()
  readonly #looking = new Map<string, Promise<Topic>>()

  constructor(client: KafkaClient, settings: TopicSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** Those that were found. */
  get names(): Iterable<string> {
    return [...this.#known.keys()]
  }

  /** As it was seen last. */
  get(name: string): Promise<Topic> {
    return this.#known.get(name) ?? this.look(name)
  }

  /** As it is now. */
  look(name: string): Promise<Topic> {
    const under = this.#looking.get(name)
    if (under) return under
    const looking = this.#find(name).finally(() => this.#looking.delete(name))
    this.#looking.set(name, looking)
    this.#known.set(name, looking)
    looking.catch(() => {
      if (this.#known.get(name) === looking) this.#known.delete(name)
    })
    return looking
  }

  async #find(name: string): Promise<Topic> {
    const found = (await this.#client.topic(name)) ?? (await this.#make(name))
    if (found.some(({ leader }) => leader < 0))
      throw new KafkaFailure('moved', `${name} has a partition without leader`)
    return found
  }

  async #make(name: string): Promise<Topic> {
    await this.#client.createTopic(name, this.#settings)
    const made = await this.#client.topic(name)
    // brokers hear of it one by one
    if (!made) throw new KafkaFailure('moved', `${name} is not known everywhere yet`)
    return made
  }
}
