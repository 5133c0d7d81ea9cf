import { UnavailableError } from './availability.ts'
import { findChromium } from './browser/find-chromium.ts'
import { withClassArchive } from './kafka/class-archive.ts'
import { findKafka, givenKafkaUrl, type KafkaRelease } from './kafka/find-kafka.ts'
import { findNats, givenNatsUrl, type NatsRelease } from './nats/find-nats.ts'
import type { Program } from './process/program.ts'
import { findRedis, givenUrl, type RedisFlavor } from './redis/find-redis.ts'

/** What can be started here. */
export type BrokerName = RedisFlavor | 'nats' | 'nats-oldest' | 'kafka' | 'kafka-oldest'

/** Whether a broker is to be had, and how. */
export type Found =
  | {
      readonly available: true
      /** For people: version and place. */
      readonly source: string
      /** Can it be killed and restarted? Not if the environment gave its URL. */
      readonly hooks: boolean
    }
  | { readonly available: false; readonly reason: string }

const finders: Readonly<Record<BrokerName, () => Promise<Found>>> = {
  redis: () => redisFound('redis'),
  valkey: () => redisFound('valkey'),
  nats: () => natsFound('newest'),
  'nats-oldest': () => natsFound('oldest'),
  kafka: () => kafkaFound('newest'),
  'kafka-oldest': () => kafkaFound('oldest'),
}

function redisFound(flavor: RedisFlavor): Promise<Found> {
  return describe(givenUrl(flavor), () => findRedis(flavor))
}

function natsFound(release: NatsRelease): Promise<Found> {
  return describe(givenNatsUrl(release), () => findNats(release))
}

function kafkaFound(release: KafkaRelease): Promise<Found> {
  return describe(givenKafkaUrl(release), async () => withClassArchive(await findKafka(release)))
}

async function describe(given: string | undefined, find: () => Promise<Program>): Promise<Found> {
  if (given !== undefined) return { available: true, source: 'given by the environment', hooks: false }
  const { version, source } = await find()
  return { available: true, source: `${version}, ${source}`, hooks: true }
}

/** Looks for a broker, downloading what it needs if it is not in the cache yet. Starts nothing. */
export async function brokerAvailable(broker: BrokerName): Promise<Found> {
  try {
    return await finders[broker]()
  } catch (error) {
    if (error instanceof UnavailableError) return { available: false, reason: error.message }
    throw error
  }
}

/** What a set of tests needs. */
export interface Needs {
  readonly broker: BrokerName
  /** Do they kill or restart it? @default false */
  readonly hooks?: boolean
}

/**
 * For `describe.runIf`: can these tests run here? If not, it says on the error output what stays untested, and why.
 * With `CI=true` that is an error: nothing is left out there.
 */
export async function canTest(what: string, { broker, hooks = false }: Needs): Promise<boolean> {
  const found = await brokerAvailable(broker)
  const reason = found.available
    ? hooks && !found.hooks
      ? `${broker} was given by the environment: it cannot be killed or restarted`
      : undefined
    : found.reason
  if (reason === undefined) return true
  return notTested(what, reason)
}

/** The same for tests that look at pages in a browser. */
export async function canTestPages(what: string): Promise<boolean> {
  try {
    await findChromium()
    return true
  } catch (error) {
    if (error instanceof UnavailableError) return notTested(what, error.message)
    throw error
  }
}

function notTested(what: string, reason: string): false {
  const message = `NOT TESTED: ${what}. ${reason}`
  if (process.env['CI'] === 'true') throw new Error(message)
  process.stderr.write(`\n${message}\n\n`)
  return false
}
