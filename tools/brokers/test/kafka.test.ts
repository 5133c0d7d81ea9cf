import {
  canTest,
  createCertificate,
  ExternalServerError,
  type KafkaCluster,
  type KafkaConnectionOptions,
  type KafkaRelease,
  type KafkaServer,
  startKafka,
  startKafkaCluster,
} from '@sync/brokers'
import { type Admin, Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WAIT_OPTIONS } from './timeouts.ts'

interface Client extends AsyncDisposable {
  readonly admin: Admin
  readonly producer: Producer
}

async function connectKafka(addresses: readonly string[], options: KafkaConnectionOptions = {}): Promise<Client> {
  const kafka = new Kafka({
    ...options,
    brokers: [...addresses],
    logLevel: logLevel.NOTHING,
    requestTimeout: 1000,
    enforceRequestTimeout: true,
    retry: { retries: 0 },
  })
  const admin = kafka.admin()
  const producer = kafka.producer()
  await admin.connect()
  await producer.connect()
  return {
    admin,
    producer,
    async [Symbol.asyncDispose]() {
      await Promise.all([admin.disconnect(), producer.disconnect()])
    },
  }
}

async function isUp({ address }: KafkaServer): Promise<boolean> {
  try {
    await using _ = await connectKafka([address])
    return true
  } catch {
    return false
  }
}

function write(client: Client, value: string): Promise<unknown> {
  return client.producer.send({ topic: 'kept', acks: -1, messages: [{ value }] })
}

async function endOf(client: Client): Promise<string | undefined> {
  return (await client.admin.fetchTopicOffsets('kept'))[0]?.high
}

const releases: readonly KafkaRelease[] = ['newest', 'oldest']
for (const release of releases) {
  const broker = release === 'newest' ? 'kafka' : 'kafka-oldest'
  const enabled = await canTest(`the ${release} Kafka broker`, { broker, controllable: true })
  describe.runIf(enabled)(`startKafka({ release: '${release}' })`, () => {
    let server: KafkaServer
    beforeAll(async () => {
      server = await startKafka({ release })
      await using client = await connectKafka([server.address])
      await client.admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1, replicationFactor: 1 }] })
    })
    afterAll(() => server[Symbol.asyncDispose]())

    it('keeps its URL and acknowledged records when it is killed and restarted', async () => {
      await using before = await connectKafka([server.address])
      await write(before, 'a')
      await server.kill()
      expect(await isUp(server)).toBe(false)
      await server.restart()
      await using after = await connectKafka([server.address])
      expect(await endOf(after)).toBe('1')
    })

    it('truncates a partition and loses the whole batch that was cut', async () => {
      let end: number
      {
        await using client = await connectKafka([server.address])
        await write(client, 'b')
        await write(client, 'c')
        end = Number(await endOf(client))
      }
      await expect(server.truncateLog({ topic: 'kept', partition: 0, bytes: 1 })).rejects.toThrow('kill it first')
      await server.stop()
      expect(await server.truncateLog({ topic: 'kept', partition: 0, bytes: 1 })).toBe(1)
      await server.restart()
      await using client = await connectKafka([server.address])
      expect(await endOf(client)).toBe(`${end - 1}`)
    })

    it('stops answering while paused and answers again when resumed', async () => {
      await using client = await connectKafka([server.address])
      await write(client, 'b')
      await server.pause()
      await expect(write(client, 'c')).rejects.toThrow('timed out')
      await server.resume()
      await using again = await connectKafka([server.address])
      await write(again, 'd')
    })

    it('keeps clients of its proxy on the proxy', async () => {
      await using proxy = await server.startProxy()
      await using direct = await connectKafka([server.address])
      await using client = await connectKafka([`127.0.0.1:${proxy.port}`])
      await write(client, 'e')
      const before = Number(await endOf(direct))
      const lost = proxy.loseReply({ when: (request) => request.includes('lost reply') })
      await expect(write(client, 'lost reply')).rejects.toThrow()
      await lost
      expect(Number(await endOf(direct))).toBe(before + 1)
    })

    it('is unreachable when stopped', async () => {
      await server.stop()
      expect(await isUp(server)).toBe(false)
    })
  })
}

describe.runIf(await canTest('the Kafka cluster', { broker: 'kafka' }))('startKafkaCluster', () => {
  let cluster: KafkaCluster
  beforeAll(async () => {
    cluster = await startKafkaCluster()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  it('keeps acknowledged records and accepts writes when a partition leader is killed', async () => {
    const partition = { topic: 'kept', partition: 0 }
    {
      await using client = await connectKafka(cluster.addresses)
      await client.admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1, replicationFactor: 3 }] })
      await write(client, 'a')
    }
    const leader = await cluster.leaderOf(partition)
    await leader.kill()
    const next = await cluster.leaderOf(partition)
    expect(next).not.toBe(leader)
    await using client = await connectKafka([next.address])
    await vi.waitFor(() => write(client, 'b'), WAIT_OPTIONS)
    expect(Number(await endOf(client))).toBeGreaterThanOrEqual(2)
    await leader.restart()
    await cluster.waitUntilStable()
  })
})

describe.runIf(await canTest('Kafka with a password', { broker: 'kafka', controllable: true }))(
  'startKafka({ config, connection })',
  () => {
    it('requires the configured credentials, and rejects fault controls of a broker from the environment', async () => {
      const { cert, combinedFile } = await createCertificate()
      const config = {
        'listener.security.protocol.map': 'CLIENT:SASL_SSL,PROXIED:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'listener.name.client.ssl.keystore.type': 'PEM',
        'listener.name.client.ssl.keystore.location': combinedFile,
        'listener.name.client.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="s3cr3t";',
        'sasl.enabled.mechanisms': 'PLAIN',
      }
      const as = (password: string): KafkaConnectionOptions => ({
        ssl: { ca: cert },
        sasl: { mechanism: 'plain', username: 'ann', password },
      })
      await using server = await startKafka({ config, connection: as('s3cr3t') })
      await using client = await connectKafka([server.address], as('s3cr3t'))
      expect((await client.admin.describeCluster()).brokers).toHaveLength(1)
      await expect(connectKafka([server.address], as('guess'))).rejects.toThrow('Authentication')
      vi.stubEnv('SYNC_TEST_KAFKA_URL', server.url)
      await using external = await startKafka({ connection: as('s3cr3t') })
      vi.unstubAllEnvs()
      expect(external).toMatchObject({ url: server.url, address: server.address, nodeId: 1 })
      await expect(external.kill()).rejects.toThrow(ExternalServerError)
      await expect(external.startProxy()).rejects.toThrow(ExternalServerError)
    })
  },
)
