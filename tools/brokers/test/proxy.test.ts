import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { canTest, type RedisServer, startProxy, startRedis, type TcpProxy } from '@sync/brokers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

describe('a proxy before a server that echoes', () => {
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
    if (address === null || typeof address === 'string') throw new Error('no port')
    proxy = await startProxy({ target: `echo://127.0.0.1:${address.port}` })
  })

  afterEach(async () => {
    for (const client of clients) client.destroy()
    await proxy[Symbol.asyncDispose]()
    for (const socket of accepted) socket.destroy()
    server.close()
  })

  async function dial(): Promise<Socket> {
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

  /** How a connection ended: the code of its error, if it had one. */
  function ending(socket: Socket): Promise<string> {
    return new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
      socket.once('close', () => resolve('closed'))
    })
  }

  test('carries everything, in order, and the end of it', async () => {
    const client = await dial()
    const sent = Buffer.alloc(5_000_000, 'abcdefg')
    const got: Buffer[] = []
    client.on('data', (chunk: Buffer) => got.push(chunk))
    client.end(sent)
    await once(client, 'end')
    expect(Buffer.concat(got).equals(sent)).toBe(true)
    await vi.waitFor(() => expect(proxy.connections).toBe(0), WAIT_OPTIONS)
  })

  test('tells the target as its own URL', () => {
    expect(proxy.url).toBe(`echo://127.0.0.1:${proxy.port}`)
  })

  test('delays each way, keeps the order, and loses nothing at the end', async () => {
    proxy.delay(20)
    const client = await dial()
    const from = performance.now()
    expect(await exchange(client, 'slow')).toBe('slow')
    expect(performance.now() - from).toBeGreaterThanOrEqual(39)
    let got = ''
    client.on('data', (chunk) => {
      got += chunk
    })
    for (let i = 0; i < 9; i++) {
      proxy.delay(18 - 2 * i)
      client.write(`${i}`)
      await new Promise(setImmediate)
    }
    client.end()
    await once(client, 'end')
    expect(got).toBe('012345678')
  })

  test('cuts: both sides see a reset, and a new connection goes through', async () => {
    const client = await dial()
    await exchange(client, 'a')
    const ends = [client, ...accepted].map(ending)
    proxy.resetAll()
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(await exchange(await dial(), 'b')).toBe('b')
  })

  test('passes on a reset by either side', async () => {
    const one = await dial()
    await exchange(one, 'a')
    const [server] = accepted
    if (!server) throw new Error('nobody was accepted')
    const seen = ending(server)
    one.resetAndDestroy()
    expect(await seen).toBe('ECONNRESET')
    const two = await dial()
    await exchange(two, 'b')
    accepted[1]?.resetAndDestroy()
    expect(await ending(two)).toBe('ECONNRESET')
  })

  test('refuses until it is healed', async () => {
    const client = await dial()
    await exchange(client, 'a')
    const end = ending(client)
    await proxy.refuse()
    expect(await end).toBe('ECONNRESET')
    await expect(dial()).rejects.toThrow('ECONNREFUSED')
    await proxy.heal()
    expect(await exchange(await dial(), 'b')).toBe('b')
  })

  test('silent, it leaves connections open that carry nothing; healed, only new ones live', async () => {
    const old = await dial()
    await exchange(old, 'a')
    const heard: string[] = []
    for (const socket of [old, ...accepted]) {
      socket.on('data', (chunk) => heard.push(`${chunk}`))
      socket.on('close', () => heard.push('closed'))
    }
    proxy.blackhole()
    const met = await dial()
    met.on('data', (chunk) => heard.push(`${chunk}`))
    old.write('b')
    met.write('c')
    accepted[0]?.write('d')
    await proxy.heal()
    old.write('e')
    // What was sent before has arrived, if it ever would: this goes the same way later.
    expect(await exchange(await dial(), 'f')).toBe('f')
    expect(heard).toEqual([])
    expect(proxy.connections).toBe(3)
  })

  test('silent, it does not tell either side that the other has gone', async () => {
    const client = await dial()
    await exchange(client, 'a')
    proxy.blackhole()
    client.destroy()
    await vi.waitFor(() => expect(proxy.connections).toBe(0), WAIT_OPTIONS)
    expect(accepted[0]?.destroyed).toBe(false)
    const seen = accepted[0] && ending(accepted[0])
    proxy.resetAll()
    expect(await seen).toBe('ECONNRESET')
  })

  test('resets a client whose server is not there', async () => {
    server.close()
    const client = await dial()
    expect(await ending(client)).toBe('ECONNRESET')
  })

  test('a target without a port is refused', async () => {
    await expect(startProxy({ target: 'redis://127.0.0.1' })).rejects.toThrow('names no port')
  })
})

describe.runIf(await canTest('a lost reply of a real server', { broker: 'redis' }))('a proxy before Redis', () => {
  test('loses the reply to the request meant: it was carried out', async () => {
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
