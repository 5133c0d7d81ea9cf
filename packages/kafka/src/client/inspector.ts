/** One topic of a cluster. */
export interface TopicLayout {
  readonly name: string
  /** Number of replicas of each Kafka partition. */
  readonly replicas: readonly number[]
}

/** The brokers and topics of a cluster. */
export interface ClusterLayout {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  /** Node id of the controller, as the broker names it to clients. */
  readonly controller: number
  /** Newest version of the fetch request that the broker supports. */
  readonly fetchVersion: number
  readonly topics: readonly TopicLayout[]
}

/** Read-only view of a cluster, for `sync doctor`. Every call rejects with a `KafkaFailure`. */
export interface KafkaInspector {
  describeCluster(): Promise<ClusterLayout>
  /** Returns all settings of a topic by name, as Kafka writes them. */
  topicConfig(name: string): Promise<Readonly<Record<string, string>>>
}

/** Number of Kafka's fetch request, which its names of versions refer to. */
export const FETCH_API = 1

/** Number of Kafka's kind of settings that belong to a topic. */
export const TOPIC_CONFIG = 2 as const
