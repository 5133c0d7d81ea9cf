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
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WAIT_OPTIONS } from './timeouts.ts'

interface Client extends AsyncDisposable {
  readonly nats: NatsConnection
  readonly stream: JetStreamClient
}

async function connectNats(url: string, options: NatsConnectionOptions = {}): Promise<Client> {
  const nats = await connect({ timeout: 1000, ...options, servers: url, reconnect: false })
  return { nats, stream: jetstream(nats, { timeout: 1000 }), [Symbol.asyncDispose]: () => nats.close() }
}

async function isUp(url: string): Promise<boolean> {
  try {
    await using _ = await connectNats(url)
    return true
  } catch {
    return false
  }
}

const releases: readonly NatsRelease[] = ['newest', 'oldest']
for (const release of releases) {
  const broker = release === 'newest' ? 'nats' : 'nats-oldest'
  const enabled = await canTest(`the ${release} NATS server`, { broker, controllable: true })
  describe.runIf(enabled)(`startNats({ release: '${release}' })`, () => {
    let server: NatsServer
    beforeAll(async () => {
      server = await startNats({ release })
      await using client = await connectNats(server.url)
      const { streams } = await jetstreamManager(client.nats)
      await streams.add({ name: 'kept', subjects: ['kept'] })
    })
    afterAll(() => server[Symbol.asyncDispose]())

    it('reports the version that is running', async () => {
      await using client = await connectNats(server.url)
      expect(client.nats.info?.version).toBe(server.version)
    })

    it('keeps its URL and streams when it is killed and restarted', async () => {
      await using before = await connectNats(server.url)
      const { seq } = await before.stream.publish('kept', 'a')
      await server.kill()
      expect(await isUp(server.url)).toBe(false)
      await server.restart()
      await using after = await connectNats(server.url)
      const { streams } = await jetstreamManager(after.nats)
      expect((await streams.getMessage('kept', { seq }))?.string()).toBe('a')
    })

    it('closes client connections when stopped', async () => {
      await using client = await connectNats(server.url)
      await server.stop()
      expect(await client.nats.closed()).not.toBeInstanceOf(TypeError)
      expect(server.running).toBe(false)
      await server.restart()
    })

    it('truncates a stream and reuses its sequence numbers', async () => {
      {
        await using client = await connectNats(server.url)
        const { streams } = await jetstreamManager(client.nats)
        await streams.add({ name: 'cut', subjects: ['cut'] })
        for (const text of ['a', 'b', 'c']) await client.stream.publish('cut', text)
      }
      await expect(server.truncateLog({ stream: 'cut', bytes: 1 })).rejects.toThrow('kill it first')
      await server.kill()
      expect(await server.truncateLog({ stream: 'cut', bytes: 1 })).toBe(1)
      await server.restart()
      await using client = await connectNats(server.url)
      const { streams } = await jetstreamManager(client.nats)
      expect((await streams.info('cut')).state).toMatchObject({ messages: 2, last_seq: 2 })
      expect((await client.stream.publish('cut', 'other')).seq).toBe(3)
    })

    it('stops answering while paused and answers again when resumed', async () => {
      await using client = await connectNats(server.url)
      await server.pause()
      await expect(client.stream.publish('kept', 'b', { timeout: 100 })).rejects.toThrow('timeout')
      await server.resume()
      expect((await client.stream.publish('kept', 'c')).stream).toBe('kept')
    })
  })
}

describe.runIf(await canTest('the NATS cluster', { broker: 'nats' }))('startNatsCluster', () => {
  let cluster: NatsCluster
  beforeAll(async () => {
    cluster = await startNatsCluster()
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  it('keeps acknowledged messages when a stream leader is killed', async () => {
    const [first] = cluster.urls
    {
      await using client = await connectNats(first ?? '')
      const { streams } = await jetstreamManager(client.nats)
      await streams.add({ name: 'safe', subjects: ['safe'], num_replicas: 3 })
      for (let i = 1; i <= 10; i++) expect((await client.stream.publish('safe', `${i}`)).seq).toBe(i)
    }
    const leader = await cluster.leaderOf('safe')
    await leader.kill()
    const next = await cluster.leaderOf('safe')
    expect(next).not.toBe(leader)
    await using client = await connectNats(next.url)
    const { streams } = await jetstreamManager(client.nats)
    await vi.waitFor(
      async () => expect((await streams.getMessage('safe', { seq: 10 }))?.string()).toBe('10'),
      WAIT_OPTIONS,
    )
    await leader.restart()
    await cluster.waitUntilStable()
  })
})

describe.runIf(await canTest('NATS with a password', { broker: 'nats' }))('startNats({ config, connection })', () => {
  it('requires the configured credentials', async () => {
    const { cert, certFile, keyFile } = await createCertificate()
    const config = {
      authorization: { user: 'ann', password: 's3cr3t' },
      tls: { cert_file: certFile, key_file: keyFile },
    }
    const connection = { user: 'ann', pass: 's3cr3t', tls: { ca: cert } }
    await using server = await startNats({ config, connection })
    await using client = await connectNats(server.url, connection)
    expect(client.nats.info?.tls_required).toBe(true)
    await expect(connectNats(server.url, { ...connection, pass: 'guess' })).rejects.toThrow('Authorization')
  })

  it('returns the server of SYNC_TEST_NATS_URL unchanged and rejects its fault controls', async () => {
    await using server = await startNats()
    vi.stubEnv('SYNC_TEST_NATS_URL', server.url)
    await using external = await startNats()
    vi.unstubAllEnvs()
    expect(external).toMatchObject({ url: server.url, port: server.port, version: server.version, name: server.name })
    await expect(external.kill()).rejects.toThrow(ExternalServerError)
    await external[Symbol.asyncDispose]()
    expect(await isUp(server.url)).toBe(true)
  })
})
