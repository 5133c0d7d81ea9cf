import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'

/** Kafka partitions per topic: the default of `kafkaBus`. */
const PARTITIONS = 4

/** Creates a topic with a unique name, and returns the name. */
export async function createTopic(url: string): Promise<string> {
  const topic = `bare-${randomUUID()}`
  const admin = new Kafka({ brokers: [new URL(url).host], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true })
  await admin.disconnect()
  return topic
}
