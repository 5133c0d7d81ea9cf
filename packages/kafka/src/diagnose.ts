import { type Diagnosis, diagnoseLatency, messagesOf } from '@sync/core/adapter'
import { type BusSettings, resolveBusOptions } from './bus/settings.ts'
import { parseTarget } from './bus/target.ts'
import { topicConfig } from './bus/topic-config.ts'
import type { ClusterLayout, TopicLayout } from './client/inspector.ts'
import { openClient } from './client/open.ts'
import { topicName } from './names.ts'

/** Version of the fetch request in Kafka 3.3, the oldest supported one. */
const MIN_FETCH_VERSION = 13

/** Checks the brokers of a URL, and the topics that exist. If no broker answers, the only result is its error. */
export async function* diagnose(text: string): AsyncGenerator<Diagnosis, undefined> {
  const { brokers, options } = parseTarget(text)
  const settings = resolveBusOptions(brokers, options)
  const client = await openClient(settings.client, settings)
  try {
    const cluster = await client.describeCluster()
    yield {
      check: 'connection',
      result: 'ok',
      detail: cluster.brokers.map(({ host, port }) => `${host}:${port}`).join(', '),
    }
    yield version(cluster)
    yield brokerCount(cluster)
    const topics = cluster.topics
      .filter(({ name }) => isTopicOf(settings.topic, name))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    if (topics.length === 0) yield { check: 'topics', result: 'ok', detail: `none named ${settings.topic} exists yet` }
    for (const topic of topics) yield* checkTopic(topic, await client.topicConfig(topic.name), cluster, settings)
    const probed = topics[0]?.name ?? topicName(settings.topic, 'default')
    yield await diagnoseLatency(() => client.describeTopic(probed))
  } catch (error) {
    const detail = `Kafka at ${brokers.join(', ')}: ${messagesOf(error)}`
    yield { check: 'connection', result: 'fail', detail, remedy: 'check host, port, TLS, user, password and rights' }
  } finally {
    await client.close()
  }
}

function version({ fetchVersion }: ClusterLayout): Diagnosis {
  const detail = `fetch API version ${fetchVersion}`
  if (fetchVersion >= MIN_FETCH_VERSION) return { check: 'version', result: 'ok', detail }
  return { check: 'version', result: 'fail', detail, remedy: 'upgrade to Kafka 3.3 or newer' }
}

function brokerCount({ brokers, controller }: ClusterLayout): Diagnosis {
  const detail = `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}, controller ${controller}`
  if (controller >= 0) return { check: 'brokers', result: 'ok', detail }
  return {
    check: 'brokers',
    result: 'fail',
    detail,
    remedy: 'start the controller: no topic can be created without it',
  }
}

/** True if a topic's name fits the template, for any partition. */
function isTopicOf(template: string, name: string): boolean {
  const [prefix = '', suffix] = template.split('{partition}')
  if (suffix === undefined) return name === template
  return name.length > prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix)
}

/** Compares a topic with the settings that a new topic would get. */
function* checkTopic(
  { name, replicas }: TopicLayout,
  config: Readonly<Record<string, string>>,
  { brokers }: ClusterLayout,
  settings: BusSettings,
): Generator<Diagnosis> {
  const wanted = topicConfig(settings)
  const fewest = Math.min(...replicas)
  const minInSync = Number(config['min.insync.replicas'])
  const replication = `${name}: ${replicas.length} Kafka ${replicas.length === 1 ? 'partition' : 'partitions'}, replication factor ${fewest}, min.insync.replicas ${minInSync}`
  if (minInSync > fewest)
    yield fail(
      'replication',
      replication,
      `lower min.insync.replicas to ${fewest} or add replicas: every write is refused`,
    )
  else if (fewest < Math.max(Math.min(brokers.length, 2), settings.replicas))
    yield warn('replication', replication, 'add replicas: the loss of one broker interrupts the topic or loses changes')
  else if (fewest > 1 && minInSync === fewest)
    yield warn('replication', replication, `lower min.insync.replicas: the loss of one broker interrupts every write`)
  else yield { check: 'replication', result: 'ok', detail: replication }

  const retention = Number(config['retention.ms'])
  const retentionDetail = `${name}: retention.ms ${retention}`
  if (retention >= 0 && retention < Number(wanted['retention.ms']))
    yield warn(
      'retention',
      `${retentionDetail}, but retention is ${wanted['retention.ms']}`,
      `set retention.ms to ${wanted['retention.ms']}, or lower the option`,
    )
  else yield { check: 'retention', result: 'ok', detail: retentionDetail }

  const policy = config['cleanup.policy'] ?? ''
  if (policy.includes('compact'))
    yield fail(
      'cleanup',
      `${name}: cleanup.policy ${policy}`,
      'set cleanup.policy to delete: compaction removes changes',
    )

  const bytes = Number(config['max.message.bytes'])
  const needed = Number(wanted['max.message.bytes'])
  if (bytes < needed)
    yield warn(
      'payload',
      `${name}: max.message.bytes ${bytes}, but maxPayloadBytes needs ${needed}`,
      `set max.message.bytes to ${needed}, or lower maxPayloadBytes`,
    )
}

const fail = (check: string, detail: string, remedy: string): Diagnosis => ({ check, result: 'fail', detail, remedy })
const warn = (check: string, detail: string, remedy: string): Diagnosis => ({ check, result: 'warn', detail, remedy })
