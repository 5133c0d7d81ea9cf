import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import {
  canTest,
  createCertificate,
  ExternalServerError,
  type NatsCluster,
  type NatsConnectionOptions,
  type NatsRelease,
  type NatsServer,
  startNats,
  startNatsCluster,
} from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WAIT_OPTIONS } from './timeouts.ts'

interface Client extends AsyncDisposable {
  readonly nats: NatsConnection
  readonly stream: JetStreamClient
}

async function dial(url: string, options: NatsConnectionOptions = {}): Promise<Client> {
  const nats = await connect({ timeout: 1000, ...options, servers: url, reconnect: false })
  return { nats, stream: jetstream(nats, { timeout: 1000 }), [Symbol.asyncDispose]: () => nats.close() }
}

async function isUp(url: string): Promise<boolean> {
  try {
    await using _ = await dial(url)
    return true
  } catch {
    return false
  }
}

const releases: readonly NatsRelease[] = ['newest', 'oldest']
for (const release of releases) {
  const broker = release === 'newest' ? 'nats' : 'nats-oldest'
  const able = await canTest(`the ${release} NATS server of the tests`, { broker, controllable: true })
  describe.runIf(able)(`a NATS server, the ${release}`, () => {
    let server: NatsServer
    beforeAll(async () => {
      server = await startNats({ release })
      await using client = await dial(server.url)
      const { streams } = await jetstreamManager(client.nats)
      await streams.add({ name: 'kept', subjects: ['kept'] })
    })
    afterAll(() => server[Symbol.asyncDispose]())

    test('is the version it says', async () => {
      await using client = await dial(server.url)
      expect(client.nats.info?.version).toBe(server.version)
    })

    test('killed and restarted, it has its streams on the same URL', async () => {
      await using before = await dial(server.url)
      const { seq } = await before.stream.publish('kept', 'a')
      await server.kill()
      expect(await isUp(server.url)).toBe(false)
      await server.restart()
      await using after = await dial(server.url)
      const { streams } = await jetstreamManager(after.nats)
      expect((await streams.getMessage('kept', { seq }))?.string()).toBe('a')
    })

    test('stopped, it says goodbye', async () => {
      await using client = await dial(server.url)
      await server.stop()
      expect(await client.nats.closed()).not.toBeInstanceOf(TypeError)
      expect(server.running).toBe(false)
      await server.restart()
    })

    test('loses the end of a stream, and gives its numbers again', async () => {
      {
        await using client = await dial(server.url)
        const { streams } = await jetstreamManager(client.nats)
        await streams.add({ name: 'cut', subjects: ['cut'] })
        for (const text of ['a', 'b', 'c']) await client.stream.publish('cut', text)
      }
      await expect(server.truncateLog({ stream: 'cut', bytes: 1 })).rejects.toThrow('kill it first')
      await server.kill()
      expect(await server.truncateLog({ stream: 'cut', bytes: 1 })).toBe(1)
      await server.restart()
      await using client = await dial(server.url)
      const { streams } = await jetstreamManager(client.nats)
      expect((await streams.info('cut')).state).toMatchObject({ messages: 2, last_seq: 2 })
      expect((await client.stream.publish('cut', 'other')).seq).toBe(3)
    })

    test('paused, it does not answer; resumed, it does', async () => {
      await using client = await dial(server.url)
      await server.pause()
      await expect(client.stream.publish('kept', 'b', { timeout: 100 })).rejects.toThrow('timeout')
      await server.resume()
      expect((await client.stream.publish('kept', 'c')).stream).toBe('kept')
    })
  })
}

describe.runIf(await canTest('the NATS cluster of the tests', { broker: 'nats' }))('a NATS cluster', () => {
  let cluster: NatsCluster
  beforeAll(async () => {
    cluster = await startNatsCluster()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('goes on with what was acknowledged when the leader of a stream is killed', async () => {
    const [first] = cluster.urls
    {
      await using client = await dial(first ?? '')
      const { streams } = await jetstreamManager(client.nats)
      await streams.add({ name: 'safe', subjects: ['safe'], num_replicas: 3 })
      for (let i = 1; i <= 10; i++) expect((await client.stream.publish('safe', `${i}`)).seq).toBe(i)
    }
    const leader = await cluster.leaderOf('safe')
    await leader.kill()
    const next = await cluster.leaderOf('safe')
    expect(next).not.toBe(leader)
    await using client = await dial(next.url)
    const { streams } = await jetstreamManager(client.nats)
    await vi.waitFor(
      async () => expect((await streams.getMessage('safe', { seq: 10 }))?.string()).toBe('10'),
      WAIT_OPTIONS,
    )
    await leader.restart()
    await cluster.waitUntilStable()
  })
})

describe.runIf(await canTest('NATS with a password', { broker: 'nats' }))(
  'a NATS server with its own configuration',
  () => {
    test('asks its clients what it was told to ask', async () => {
      const { cert, certFile, keyFile } = await createCertificate()
      const config = {
        authorization: { user: 'ann', password: 's3cr3t' },
        tls: { cert_file: certFile, key_file: keyFile },
      }
      const connection = { user: 'ann', pass: 's3cr3t', tls: { ca: cert } }
      await using server = await startNats({ config, connection })
      await using client = await dial(server.url, connection)
      expect(client.nats.info?.tls_required).toBe(true)
      await expect(dial(server.url, { ...connection, pass: 'guess' })).rejects.toThrow('Authorization')
    })

    test('given by the environment it is used as it is, and not harmed', async () => {
      await using server = await startNats()
      vi.stubEnv('SYNC_TEST_NATS_URL', server.url)
      await using given = await startNats()
      vi.unstubAllEnvs()
      expect(given).toMatchObject({ url: server.url, port: server.port, version: server.version, name: server.name })
      await expect(given.kill()).rejects.toThrow(ExternalServerError)
      await given[Symbol.asyncDispose]()
      expect(await isUp(server.url)).toBe(true)
    })
  },
)
