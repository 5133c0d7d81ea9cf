import type { KafkaServer } from '@sync/brokers'
import { type Admin, Kafka, logLevel } from 'kafkajs'

/** Runs `work` with an admin client of the server. */
export async function withAdmin({ address }: KafkaServer, work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await work(admin).finally(() => admin.disconnect())
}
