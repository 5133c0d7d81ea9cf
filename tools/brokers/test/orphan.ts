import { startRedis } from '@sync/brokers'

// Started by a test that kills it: tells its server's URL and goes on.
const redis = await startRedis()
process.stdout.write(`${redis.url}\n`)
process.stdin.resume()
