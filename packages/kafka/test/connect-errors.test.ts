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

type Case = readonly [
  situation: string,
  address: (servers: Servers) => string,
  message: RegExp,
  options?: (servers: Servers) => KafkaBusOptions,
]

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

    const CASES: readonly Case[] = [
      ['the connection is refused', () => '127.0.0.1:1', /127\.0\.0\.1:1 .*ECONNREFUSED/],
      ['the host does not exist', () => 'no-such-host.invalid', /no-such-host\.invalid:9092 .*(ENOTFOUND|EAI_AGAIN)/],
      ['the server is not a Kafka broker', ({ other }) => other, /127\.0\.0\.1:\d+ .*closed/i],
      ['the server speaks no TLS', ({ other }) => other, /127\.0\.0\.1:\d+ .*wrong version/, () => ({ tls: true })],
      [
        'the listener speaks no TLS',
        ({ plain }) => plain,
        /127\.0\.0\.1:\d+ .*(closed|TLS|ECONNRESET)/i,
        () => ({ tls: true }),
      ],
      ['the listener requires TLS', ({ secure }) => secure, /127\.0\.0\.1:\d+ .*(closed|TLS|ECONNRESET)/i],
      ['the certificate is unknown', ({ secure }) => secure, /127\.0\.0\.1:\d+ .*certificate/i, () => ({ tls: true })],
      [
        'the password is wrong',
        ({ secure }) => secure,
        /127\.0\.0\.1:\d+: .*(authentication|username)/i,
        ({ cert }) => ({ tls: { ca: cert } }),
      ],
    ]

    describe.each(['kafkajs', 'platformatic'] as const)('over %s', (client) => {
      it.each(CASES)('names address and cause when %s', async (...[, address, message, options]: Case) => {
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
