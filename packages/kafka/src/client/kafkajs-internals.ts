import type { BrokerMetadata, Kafka } from 'kafkajs'

/** A fetched record, as kafkajs returns it. */
interface FetchedMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly isControlRecord: boolean
}

/** The requests to one broker that this package uses. */
interface KafkajsBroker {
  /** Versions of each request that the broker supports, by the request's number. */
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null
  listOffsets(request: {
    isolationLevel: number
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[]
  }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>
  produce(request: {
    acks: number
    timeout: number
    topicData: { topic: string; partitions: { partition: number; messages: object[] }[] }[]
  }): Promise<unknown>
  fetch(request: {
    isolationLevel: number
    maxWaitTime: number
    minBytes: number
    maxBytes: number
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[]
  }): Promise<{
    responses: { topicName: string; partitions: { partition: number; messages: FetchedMessage[] }[] }[]
  }>
}

/** kafkajs's view of the brokers and their connections. It opens one connection per broker for reads, and one for everything else. */
export interface KafkajsCluster {
  /** Returns the brokers, and the named topics; all topics if the list is empty. */
  metadata(options: { topics: string[] }): Promise<(BrokerMetadata & { readonly controllerId: number }) | null>
  findBroker(node: { nodeId: string }): Promise<KafkajsBroker>
  disconnect(): Promise<void>
}

/**
 * Extracts the internal cluster object of kafkajs. Its consumer would read only in a group, which takes seconds to join. But it passes
 * the cluster to its partition assigners, so this function creates a consumer to capture it, and never connects it.
 */
export function extractCluster(kafka: Kafka): KafkajsCluster {
  let captured: unknown
  kafka.consumer({
    groupId: 'none',
    allowAutoTopicCreation: false,
    // disables the metadata cache: this package decides when to refresh
    metadataMaxAge: 1,
    partitionAssigners: [
      ({ cluster }) => {
        captured = cluster
        return {
          name: 'none',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  return captured as KafkajsCluster
}
