import { UnavailableError } from './availability.ts'
import { findChromium } from './browser/find-chromium.ts'
import { withClassArchive } from './kafka/class-archive.ts'
import { externalKafkaUrl, findKafka, type KafkaRelease } from './kafka/find-kafka.ts'
import { externalNatsUrl, findNats, type NatsRelease } from './nats/find-nats.ts'
import type { Program } from './process/program.ts'
import { externalRedisUrl, findRedis, type RedisFlavor } from './redis/find-redis.ts'

/** Brokers that this package can start. */
export type BrokerName = RedisFlavor | 'nats' | 'nats-oldest' | 'kafka' | 'kafka-oldest'

/** Whether a broker is available, and from which source. */
export type Availability =
  | {
      readonly available: true
      /** Human-readable version and origin. */
      readonly source: string
      /** Whether it can be killed and restarted. False if its URL comes from the environment. */
      readonly controllable: boolean
    }
  | { readonly available: false; readonly reason: string }

const availabilityChecks: Readonly<Record<BrokerName, () => Promise<Availability>>> = {
  redis: () => redisAvailability('redis'),
  valkey: () => redisAvailability('valkey'),
  nats: () => natsAvailability('newest'),
  'nats-oldest': () => natsAvailability('oldest'),
  kafka: () => kafkaAvailability('newest'),
  'kafka-oldest': () => kafkaAvailability('oldest'),
}

function redisAvailability(flavor: RedisFlavor): Promise<Availability> {
  return availabilityOf(externalRedisUrl(flavor), () => findRedis(flavor))
}

function natsAvailability(release: NatsRelease): Promise<Availability> {
  return availabilityOf(externalNatsUrl(release), () => findNats(release))
}

function kafkaAvailability(release: KafkaRelease): Promise<Availability> {
  return availabilityOf(externalKafkaUrl(release), async () => withClassArchive(await findKafka(release)))
}

async function availabilityOf(externalUrl: string | undefined, find: () => Promise<Program>): Promise<Availability> {
  if (externalUrl !== undefined) return { available: true, source: 'from the environment', controllable: false }
  const { version, source } = await find()
  return { available: true, source: `${version}, ${source}`, controllable: true }
}

/** Looks for a broker and downloads its missing files into the cache. Does not start it. */
export async function brokerAvailable(broker: BrokerName): Promise<Availability> {
  try {
    return await availabilityChecks[broker]()
  } catch (error) {
    if (error instanceof UnavailableError) return { available: false, reason: error.message }
    throw error
  }
}

/** Requirements of a group of tests. */
export interface TestRequirements {
  readonly broker: BrokerName
  /** Whether the tests kill or restart the broker. @default false */
  readonly controllable?: boolean
}

/**
 * Whether a group of tests can run on this machine, for `describe.runIf`. If not, it prints the untested subject and the
 * reason to stderr.
 * @param subject what the tests cover, for the message
 * @throws Error if they cannot run and `CI=true`, because CI must not skip tests
 */
export async function canTest(subject: string, { broker, controllable = false }: TestRequirements): Promise<boolean> {
  const availability = await brokerAvailable(broker)
  const reason = availability.available
    ? controllable && !availability.controllable
      ? `${broker} comes from the environment, so the tests cannot kill or restart it`
      : undefined
    : availability.reason
  if (reason === undefined) return true
  return reportUntested(subject, reason)
}

/** The same as `canTest`, for tests that open pages in a browser. */
export async function canTestPages(subject: string): Promise<boolean> {
  try {
    await findChromium()
    return true
  } catch (error) {
    if (error instanceof UnavailableError) return reportUntested(subject, error.message)
    throw error
  }
}

function reportUntested(subject: string, reason: string): false {
  const message = `NOT TESTED: ${subject}. ${reason}`
  if (process.env['CI'] === 'true') throw new Error(message)
  process.stderr.write(`\n${message}\n\n`)
  return false
}
