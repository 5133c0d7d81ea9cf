import type { ServerControls } from '../process/controls.ts'

/** A broker that the daemon has started. */
export interface RunningBroker extends AsyncDisposable {
  /** A URL that users paste into their configuration. */
  readonly url: string
  readonly version: string
  /** Fault controls. Absent for a cluster. */
  readonly controls?: ServerControls
}

type SingleServer = ServerControls & Omit<RunningBroker, 'controls'>

const withControls = (server: SingleServer): RunningBroker => ({
  url: server.url,
  version: server.version,
  controls: server,
  [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
})

interface MultiNodeBroker extends AsyncDisposable {
  readonly urls: readonly string[]
  readonly version: string
}

/** Joins the nodes' URLs into one: `nats://host1,host2`. */
function withJoinedUrl(broker: MultiNodeBroker): RunningBroker {
  const [scheme] = (broker.urls[0] ?? '').split('://')
  const hosts = broker.urls.map((url) => url.slice(`${scheme}://`.length))
  return {
    url: `${scheme}://${hosts.join(',')}`,
    version: broker.version,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

const redis = () => import('../redis/redis.ts')
const redisCluster = () => import('../redis/cluster.ts')
const nats = () => import('../nats/nats.ts')
const natsCluster = () => import('../nats/cluster.ts')
const kafka = () => import('../kafka/kafka.ts')
const kafkaCluster = () => import('../kafka/cluster.ts')

/** All brokers that can be started by name. Modules are imported only when a broker starts, so that `status` is fast. */
export const catalogue: ReadonlyMap<string, () => Promise<RunningBroker>> = new Map<
  string,
  () => Promise<RunningBroker>
>([
  ['redis', async () => withControls(await (await redis()).startRedis())],
  ['valkey', async () => withControls(await (await redis()).startRedis({ flavor: 'valkey' }))],
  ['redis-cluster', async () => withJoinedUrl(await (await redisCluster()).startRedisCluster())],
  ['nats', async () => withControls(await (await nats()).startNats())],
  ['nats-oldest', async () => withControls(await (await nats()).startNats({ release: 'oldest' }))],
  ['nats-cluster', async () => withJoinedUrl(await (await natsCluster()).startNatsCluster())],
  ['kafka', async () => withControls(await (await kafka()).startKafka())],
  ['kafka-oldest', async () => withControls(await (await kafka()).startKafka({ release: 'oldest' }))],
  ['kafka-cluster', async () => withJoinedUrl(await (await kafkaCluster()).startKafkaCluster())],
])
