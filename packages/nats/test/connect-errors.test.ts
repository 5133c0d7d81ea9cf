import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { canTest, createCertificate, startNats } from '@sync/brokers'
import { assembleChange } from '@sync/core/adapter'
import { natsBus } from '@sync/nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const scope = { partition: 'p', section: 's' }
const change = assembleChange({
  key: 'k',
  epoch: 'e',
  origin: 'o',
  generation: 1,
  version: 1,
  sequence: 1,
  time: 0,
  edits: 'omitted',
})

/** Ports of the servers to which a connection fails. */
interface Ports {
  /** Server that speaks neither TLS nor the NATS protocol. */
  readonly other: number
  /** NATS server without TLS, which requires a password. */
  readonly plain: number
  /** NATS server that requires TLS. */
  readonly tls: number
}

describe.runIf(await canTest('failed connections to NATS', { broker: 'nats', controllable: true }))(
  'natsBus() that cannot connect',
  () => {
    const stack = new AsyncDisposableStack()
    let ports: Ports
    beforeAll(async () => {
      const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      stack.defer(() => void server.close())
      const { cert, certFile, keyFile } = await createCertificate()
      const plain = await startNats({
        config: { authorization: { user: 'ann', password: 'right' } },
        connection: { user: 'ann', pass: 'right' },
      })
      stack.use(plain)
      const tls = await startNats({
        config: { tls: { cert_file: certFile, key_file: keyFile } },
        connection: { tls: { ca: cert } },
      })
      stack.use(tls)
      ports = { other: (server.address() as AddressInfo).port, plain: plain.port, tls: tls.port }
    })
    afterAll(() => stack[Symbol.asyncDispose]())

    const CASES: readonly (readonly [situation: string, url: (ports: Ports) => string, message: RegExp])[] = [
      ['the connection is refused', () => '127.0.0.1:1', /127\.0\.0\.1:1 .*ECONNREFUSED/],
      ['the host does not exist', () => 'no-such-host.invalid', /no-such-host\.invalid:4222 .*(ENOTFOUND|EAI_AGAIN)/],
      [
        'the server is not a NATS server',
        ({ other }) => `127.0.0.1:${other}`,
        /127\.0\.0\.1:\d+ .*unexpected response/,
      ],
      ['the server speaks no TLS', ({ plain }) => `127.0.0.1:${plain}?tls=required`, /127\.0\.0\.1:\d+.*tls/i],
      ['the server requires TLS', ({ tls }) => `127.0.0.1:${tls}`, /127\.0\.0\.1:\d+.*(tls|certificate)/i],
      ['the password is wrong', ({ plain }) => `127.0.0.1:${plain}`, /127\.0\.0\.1:\d+: .*authorization/i],
    ]

    describe.each(['core', 'jetstream'] as const)('over %s', (transport) => {
      it.each(CASES)('names address and cause when %s', async (_situation, url, message) => {
        await using bus = natsBus(`nats://ann:secret@${url(ports)}`, { transport, timeout: '1s' })
        for (const attempt of ['first', 'second']) {
          const error = (await bus.publish(scope, [change]).catch((reason: unknown) => reason)) as Error
          expect(error, attempt).toMatchObject({
            code: expect.stringMatching(/^SYNC_(NATS|BUS_UNAVAILABLE)$/),
            message: expect.stringMatching(message),
          })
          expect(error.cause, attempt).toBeInstanceOf(Error)
          expect(error.message, attempt).not.toMatch(/secret/)
        }
      })
    })
  },
)
