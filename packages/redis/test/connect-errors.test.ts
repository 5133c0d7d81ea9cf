import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { redisBus, redisStore } from '@sync/redis'
import { describe, expect, it } from 'vitest'

const ref = { partition: 'p', section: 's', key: 'k' }

/** Starts a server that speaks neither TLS nor the Redis protocol. Returns its port. */
async function listen(stack: AsyncDisposableStack): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe('redisStore() and redisBus() with an unencoded password', () => {
  it.each([
    'redis://ann:1?s3cr3t@host',
    'redis://ann:1?s3=cr3t@host',
    'redis://ann:1/s3cr3t@host',
    'rediss://1?client=s3cr3t@host',
  ])('reject %s with SYNC_ARGUMENT, and keep the password out of the message', (url) => {
    const partitions = { eu: url }
    const opens = [
      () => redisStore(url),
      () => redisBus(url),
      () => redisStore('redis://host', { partitions }),
      () => redisStore(`redis://host?partition.eu=${encodeURIComponent(url)}`),
    ]
    for (const open of opens) {
      expect(open).toThrow(
        expect.objectContaining({ code: 'SYNC_ARGUMENT', message: expect.stringMatching(/percent-encoded.*%3F/) }),
      )
      expect(open).not.toThrow(/s3|cr3t/)
    }
  })

  it('accept the account of a partition in the query', async () => {
    await using _ = redisStore('redis://127.0.0.1:1?partition.eu=redis://ann:s3cr3t@127.0.0.1:1')
  })
})

describe('redisStore() that cannot connect', () => {
  const CASES = (['ioredis', 'redis'] as const).flatMap((client) =>
    (
      [
        ['the connection is refused', () => 'redis://user:secret@127.0.0.1:1', /127\.0\.0\.1:1.*ECONNREFUSED/],
        [
          'the host does not exist',
          () => 'redis://user:secret@no-such-host.invalid',
          /no-such-host\.invalid.*(ENOTFOUND|EAI_AGAIN)/,
        ],
        [
          'the port speaks no TLS',
          (port: number) => `rediss://user:secret@127.0.0.1:${port}`,
          /127\.0\.0\.1:\d+.*(SSL|wrong version)/i,
        ],
      ] as const
    ).map(([situation, url, message]) => [client, situation, url, message] as const),
  )

  it.each(CASES)('names address and cause over %s when %s', async (client, _situation, url, message) => {
    await using stack = new AsyncDisposableStack()
    await using store = redisStore(url(await listen(stack)), { client })
    const error = (await store.load([ref]).catch((reason: unknown) => reason)) as Error
    expect(error).toMatchObject({ code: 'SYNC_STORE_UNAVAILABLE', message: expect.stringMatching(message) })
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.message).not.toMatch(/secret|max retries/)
  })
})
