import { startRedis } from '@sync/brokers'

// A program that tests start and kill: it starts a server, prints its URL and keeps running.
const redis = await startRedis()
process.stdout.write(`${redis.url}\n`)
process.stdin.resume()
