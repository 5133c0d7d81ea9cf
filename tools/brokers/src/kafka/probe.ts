import { randomUUID } from 'node:crypto'
import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs'

/** How to connect to a broker that asks for more than its address: SASL, TLS. */
export type KafkaConnectionOptions = Pick<KafkaConfig, 'sasl' | 'ssl'>

/** Where, and how. */
export interface Destination {
  /** Of every broker that may be asked, `host:port`. */
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

/** Connects, asks one thing and goes. */
export async function withKafkaAdmin<T>(destination: Destination, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = connect(destination).admin()
  try {
    await admin.connect()
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Throws unless a topic with so many copies can be made, written to and described, and groups have their coordinator. */
export async function probeTopic(destination: Destination, replicas: number): Promise<void> {
  const topic = `ready-${randomUUID()}`
  await withKafkaAdmin(destination, async (admin) => {
    try {
      const topics = [{ topic, numPartitions: 1, replicationFactor: replicas }]
      await admin.createTopics({ topics, waitForLeaders: false, timeout: 2000 })
      await produceOne(destination, topic)
      const [end] = await admin.fetchTopicOffsets(topic)
      if (end?.high !== '1') throw new Error(`what was written to ${topic} is not there`)
      const [described] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics
      if (described?.partitions[0]?.isr.length !== replicas) throw new Error(`${topic} has not yet ${replicas} copies`)
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
