import { randomUUID } from 'node:crypto'
import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs'

/** Client options for brokers that require SASL or TLS. */
export type KafkaConnectionOptions = Pick<KafkaConfig, 'sasl' | 'ssl'>

/** Brokers to connect to, and the client options that they require. */
export interface Destination {
  /** Addresses of the bootstrap brokers, `host:port`. */
  readonly addresses: readonly string[]
  readonly connection: KafkaConnectionOptions
}

function connect({ addresses, connection }: Destination): Kafka {
  return new Kafka({
    ...connection,
    brokers: [...addresses],
    connectionTimeout: 1000,
    requestTimeout: 2500,
    enforceRequestTimeout: true,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  })
}

/** Connects an admin client, passes it to `use`, and disconnects it. */
export async function withKafkaAdmin<T>(destination: Destination, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = connect(destination).admin()
  try {
    await admin.connect()
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Throws unless a topic with `replicas` copies can be created, written to and described, and a group finds its coordinator. */
export async function probeTopic(destination: Destination, replicas: number): Promise<void> {
  const topic = `ready-${randomUUID()}`
  await withKafkaAdmin(destination, async (admin) => {
    try {
      const topics = [{ topic, numPartitions: 1, replicationFactor: replicas }]
      await admin.createTopics({ topics, waitForLeaders: false, timeout: 2000 })
      await produceOne(destination, topic)
      const [end] = await admin.fetchTopicOffsets(topic)
      if (end?.high !== '1') throw new Error(`${topic}: expected end offset 1 after one write, got ${end?.high}`)
      const [described] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics
      const inSync = described?.partitions[0]?.isr.length
      if (inSync !== replicas) throw new Error(`${topic}: expected ${replicas} in-sync replicas, got ${inSync}`)
      await admin.fetchOffsets({ groupId: topic, topics: [topic] })
    } finally {
      await admin.deleteTopics({ topics: [topic], timeout: 2000 })
    }
  })
}

async function produceOne(destination: Destination, topic: string): Promise<void> {
  const producer = connect(destination).producer()
  try {
    await producer.connect()
    await producer.send({ topic, acks: -1, messages: [{ value: 'ready' }], timeout: 2000 })
  } finally {
    await producer.disconnect()
  }
}
