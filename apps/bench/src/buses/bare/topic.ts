import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'

/** As many as a bus of ours gives its topics. */
const PARTITIONS = 4

/** Makes a topic, and answers its name. */
export async function createTopic(url: string): Promise<string> {
  const topic = `bare-${randomUUID()}`
  const admin = new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true })
  await admin.disconnect()
  return topic
}
