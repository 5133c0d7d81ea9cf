import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { canTest, createCertificate, startKafka } from '@sync/brokers'
import { type KafkaBusOptions, kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { change } from './change.ts'

const scope = { partition: 'p', section: 's' }

/** Servers to which a connection fails. */
interface Servers {
  /** Address of a server that speaks neither TLS nor the Kafka protocol. */
  readonly other: string
  /** Address of a broker's listener without TLS. */
  readonly plain: string
  /** Address of a broker's listener with TLS and a password. */
  readonly secure: string
  readonly cert: string
}

interface Case {
  readonly situation: string
  readonly address: (servers: Servers) => string
  readonly message: RegExp
  readonly options?: (servers: Servers) => KafkaBusOptions
}

describe.runIf(await canTest('failed connections to Kafka', { broker: 'kafka', controllable: true }))(
  'kafkaBus() that cannot connect',
  () => {
    const stack = new AsyncDisposableStack()
    let servers: Servers
    beforeAll(async () => {
      const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      stack.defer(() => void server.close())
      const { cert, combinedFile } = await createCertificate()
      const sasl = { mechanism: 'plain', username: 'ann', password: 'right' } as const
      const kafka = await startKafka({
        config: {
          'listener.security.protocol.map': 'CLIENT:SASL_SSL,PROXIED:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
          'listener.name.client.ssl.keystore.type': 'PEM',
          'listener.name.client.ssl.keystore.location': combinedFile,
          'listener.name.client.plain.sasl.jaas.config':
            'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="right";',
          'sasl.enabled.mechanisms': 'PLAIN',
        },
        connection: { ssl: { ca: cert }, sasl },
      })
      stack.use(kafka)
      const proxy = await kafka.startProxy()
      stack.use(proxy)
      const { port } = server.address() as AddressInfo
      servers = { other: `127.0.0.1:${port}`, plain: `127.0.0.1:${proxy.port}`, secure: kafka.address, cert }
    })
    afterAll(() => stack[Symbol.asyncDispose]())

    const lost = /127\.0\.0\.1:\d+ .*(closed|TLS|ECONNRESET)/i
    const CASES: readonly Case[] = [
      {
        situation: 'the connection is refused',
        address: () => '127.0.0.1:1',
        message: /127\.0\.0\.1:1 .*ECONNREFUSED/,
      },
      {
        situation: 'the host does not exist',
        address: () => 'no-such-host.invalid',
        message: /no-such-host\.invalid:9092 .*(ENOTFOUND|EAI_AGAIN)/,
      },
      { situation: 'the server is not a Kafka broker', address: ({ other }) => other, message: lost },
      {
        situation: 'the server speaks no TLS',
        address: ({ other }) => other,
        message: /127\.0\.0\.1:\d+ .*wrong version/,
        options: () => ({ tls: true }),
      },
      {
        situation: 'the listener speaks no TLS',
        address: ({ plain }) => plain,
        message: lost,
        options: () => ({ tls: true }),
      },
      { situation: 'the listener requires TLS', address: ({ secure }) => secure, message: lost },
      {
        situation: 'the certificate is unknown',
        address: ({ secure }) => secure,
        message: /127\.0\.0\.1:\d+ .*certificate/i,
        options: () => ({ tls: true }),
      },
      {
        situation: 'the password is wrong',
        address: ({ secure }) => secure,
        message: /127\.0\.0\.1:\d+: .*(authentication|username)/i,
        options: ({ cert }) => ({ tls: { ca: cert } }),
      },
    ]

    describe.each(['kafkajs', 'platformatic'] as const)('over %s', (client) => {
      it.each(CASES)('names address and cause when $situation', async ({ address, message, options }) => {
        const url = `kafka://ann:secret@${address(servers)}`
        await using bus = kafkaBus(url, { client, timeout: '1s', ...options?.(servers) })
        const error = (await bus.publish(scope, [change(1)]).catch((reason: unknown) => reason)) as Error
        expect(error).toMatchObject({
          code: expect.stringMatching(/^SYNC_(KAFKA|BUS_UNAVAILABLE)$/),
          message: expect.stringMatching(message),
        })
        expect(error.cause).toBeInstanceOf(Error)
        expect(error.message).not.toMatch(/secret|\n/)
      })
    })
  },
)
