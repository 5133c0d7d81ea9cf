import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { canTest, type RedisServer, startProxy, startRedis, type TcpProxy } from '@sync/brokers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

describe('startProxy, before an echo server', () => {
  let server: Server
  let accepted: Socket[]
  let proxy: TcpProxy
  let clients: Socket[]

  beforeEach(async () => {
    accepted = []
    clients = []
    server = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket)
      socket.on('error', () => {})
      socket.pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error(`expected a TCP address, got ${address}`)
    proxy = await startProxy({ target: `echo://127.0.0.1:${address.port}` })
  })

  afterEach(async () => {
    for (const client of clients) client.destroy()
    await proxy[Symbol.asyncDispose]()
    for (const socket of accepted) socket.destroy()
    server.close()
  })

  async function connectToProxy(): Promise<Socket> {
    const client = connect({ port: proxy.port, host: '127.0.0.1' })
    clients.push(client)
    await once(client, 'connect')
    return client
  }

  async function exchange(client: Socket, text: string): Promise<string> {
    client.write(text)
    const [reply] = await once(client, 'data')
    return `${reply}`
  }

  /** Resolves when a connection ends, with its error code, or `closed` if it had no error. */
  function endOf(socket: Socket): Promise<string> {
    return new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
      socket.once('close', () => resolve('closed'))
    })
  }

  it('forwards all bytes in order, and the end of the stream', async () => {
    const client = await connectToProxy()
    const sent = Buffer.alloc(5_000_000, 'abcdefg')
    const received: Buffer[] = []
    client.on('data', (chunk: Buffer) => received.push(chunk))
    client.end(sent)
    await once(client, 'end')
    expect(Buffer.concat(received).equals(sent)).toBe(true)
    await vi.waitFor(() => expect(proxy.connections).toBe(0), WAIT_OPTIONS)
  })

  it("has the target's URL with its own port", () => {
    expect(proxy.url).toBe(`echo://127.0.0.1:${proxy.port}`)
  })

  it('delays data in each direction without reordering or losing it', async () => {
    proxy.delay(20)
    const client = await connectToProxy()
    const start = performance.now()
    expect(await exchange(client, 'slow')).toBe('slow')
    expect(performance.now() - start).toBeGreaterThanOrEqual(39)
    let received = ''
    client.on('data', (chunk) => {
      received += chunk
    })
    for (let i = 0; i < 9; i++) {
      proxy.delay(18 - 2 * i)
      client.write(`${i}`)
      await new Promise(setImmediate)
    }
    client.end()
    await once(client, 'end')
    expect(received).toBe('012345678')
  })

  it('resets both sides on resetAll and accepts new connections', async () => {
    const client = await connectToProxy()
    await exchange(client, 'a')
    const ends = [client, ...accepted].map(endOf)
    proxy.resetAll()
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(await exchange(await connectToProxy(), 'b')).toBe('b')
  })

  it('forwards a reset by either side', async () => {
    const first = await connectToProxy()
    await exchange(first, 'a')
    const [serverSide] = accepted
    if (!serverSide) throw new Error('expected an accepted connection')
    const serverEnd = endOf(serverSide)
    first.resetAndDestroy()
    expect(await serverEnd).toBe('ECONNRESET')
    const second = await connectToProxy()
    await exchange(second, 'b')
    accepted[1]?.resetAndDestroy()
    expect(await endOf(second)).toBe('ECONNRESET')
  })

  it('resets and refuses connections between refuse and heal', async () => {
    const client = await connectToProxy()
    await exchange(client, 'a')
    const end = endOf(client)
    await proxy.refuse()
    expect(await end).toBe('ECONNRESET')
    await expect(connectToProxy()).rejects.toThrow('ECONNREFUSED')
    await proxy.heal()
    expect(await exchange(await connectToProxy(), 'b')).toBe('b')
  })

  it('keeps connections open without data after blackhole, and serves only new ones after heal', async () => {
    const before = await connectToProxy()
    await exchange(before, 'a')
    const received: string[] = []
    for (const socket of [before, ...accepted]) {
      socket.on('data', (chunk) => received.push(`${chunk}`))
      socket.on('close', () => received.push('closed'))
    }
    proxy.blackhole()
    const during = await connectToProxy()
    during.on('data', (chunk) => received.push(`${chunk}`))
    before.write('b')
    during.write('c')
    accepted[0]?.write('d')
    await proxy.heal()
    before.write('e')
    // This exchange takes the same path later, so earlier data would have arrived by now.
    expect(await exchange(await connectToProxy(), 'f')).toBe('f')
    expect(received).toEqual([])
    expect(proxy.connections).toBe(3)
  })

  it('hides the close of one side from the other after blackhole', async () => {
    const client = await connectToProxy()
    await exchange(client, 'a')
    proxy.blackhole()
    client.destroy()
    await vi.waitFor(() => expect(proxy.connections).toBe(0), WAIT_OPTIONS)
    expect(accepted[0]?.destroyed).toBe(false)
    const serverEnd = accepted[0] && endOf(accepted[0])
    proxy.resetAll()
    expect(await serverEnd).toBe('ECONNRESET')
  })

  it('resets a client when the server is unavailable', async () => {
    server.close()
    const client = await connectToProxy()
    expect(await endOf(client)).toBe('ECONNRESET')
  })

  it('rejects a target without a port', async () => {
    await expect(startProxy({ target: 'redis://127.0.0.1' })).rejects.toThrow('expected a URL with a port')
  })
})

describe.runIf(await canTest('a lost reply of a real server', { broker: 'redis' }))('loseReply, before Redis', () => {
  it('drops the reply of a request that Redis has executed', async () => {
    await using redis: RedisServer = await startRedis()
    await using proxy = await startProxy({ target: redis.url })
    await using client = connectRedis(proxy.url, { maxRetriesPerRequest: 0 })
    await using other = connectRedis(redis.url)
    const lost = proxy.loseReply({ when: (request) => request.includes('INCR') || request.includes('incr') })
    expect(await client.set('counter', '1')).toBe('OK')
    await expect(client.incr('counter')).rejects.toThrow()
    await lost
    expect(await other.get('counter')).toBe('2')
    await using again = connectRedis(proxy.url)
    expect(await again.incr('counter')).toBe(3)
  })
})
