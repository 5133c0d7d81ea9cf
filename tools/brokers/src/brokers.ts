import { UnavailableError } from './availability.ts'
import { findChromium } from './browser/find-chromium.ts'
import { withClassArchive } from './kafka/class-archive.ts'
import { externalKafkaUrl, findKafka, type KafkaRelease } from './kafka/find-kafka.ts'
import { externalNatsUrl, findNats, type NatsRelease } from './nats/find-nats.ts'
import type { Program } from './process/program.ts'
import { externalRedisUrl, findRedis, type RedisFlavor } from './redis/find-redis.ts'

/** What can be started here. */
export type BrokerName = RedisFlavor | 'nats' | 'nats-oldest' | 'kafka' | 'kafka-oldest'

/** Whether a broker is to be had, and how. */
export type Availability =
  | {
      readonly available: true
      /** For people: version and place. */
      readonly source: string
      /** Can it be killed and restarted? Not if the environment gave its URL. */
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
  if (externalUrl !== undefined) return { available: true, source: 'given by the environment', controllable: false }
  const { version, source } = await find()
  return { available: true, source: `${version}, ${source}`, controllable: true }
}

/** Looks for a broker, downloading what it needs if it is not in the cache yet. Starts nothing. */
export async function brokerAvailable(broker: BrokerName): Promise<Availability> {
  try {
    return await availabilityChecks[broker]()
  } catch (error) {
    if (error instanceof UnavailableError) return { available: false, reason: error.message }
    throw error
  }
}

/** What a set of tests needs. */
export interface TestRequirements {
  readonly broker: BrokerName
  /** Do they kill or restart it? @default false */
  readonly controllable?: boolean
}

/**
 * For `describe.runIf`: can these tests run here? If not, it says on the error output what stays untested, and why.
 * With `CI=true` that is an error: nothing is left out there.
 */
export async function canTest(what: string, { broker, controllable = false }: TestRequirements): Promise<boolean> {
  const availability = await brokerAvailable(broker)
  const reason = availability.available
    ? controllable && !availability.controllable
      ? `${broker} was given by the environment: it cannot be killed or restarted`
      : undefined
    : availability.reason
  if (reason === undefined) return true
  return reportUntested(what, reason)
}

/** The same for tests that look at pages in a browser. */
export async function canTestPages(what: string): Promise<boolean> {
  try {
    await findChromium()
    return true
  } catch (error) {
    if (error instanceof UnavailableError) return reportUntested(what, error.message)
    throw error
  }
}

function reportUntested(what: string, reason: string): false {
  const message = `NOT TESTED: ${what}. ${reason}`
  if (process.env['CI'] === 'true') throw new Error(message)
  process.stderr.write(`\n${message}\n\n`)
  return false
}
