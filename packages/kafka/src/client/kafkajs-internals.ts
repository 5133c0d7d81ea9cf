import type { BrokerMetadata, Kafka } from 'kafkajs'

/** What kafkajs tells of a record that was read. */
interface FetchedMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly isControlRecord: boolean
}

/** The calls of one broker that are used here. */
interface KafkajsBroker {
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

/** The brokers and their connections: one of each broker for reads, another for all else. */
export interface KafkajsCluster {
  metadata(options: { topics: string[] }): Promise<BrokerMetadata | null>
  findBroker(node: { nodeId: string }): Promise<KafkajsBroker>
  disconnect(): Promise<void>
}

/**
 * The brokers as kafkajs sees them. Its consumer reads in groups only, and takes seconds to join one; but it hands an
 * assigner of partitions the cluster below it. The consumer itself is never connected.
 */
export function extractCluster(kafka: Kafka): KafkajsCluster {
  let captured: unknown
  kafka.consumer({
    groupId: 'none',
    allowAutoTopicCreation: false,
    // every look at a topic asks anew: when to ask is decided here
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
