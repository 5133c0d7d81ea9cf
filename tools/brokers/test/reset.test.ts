import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { reset } from '../src/proxy/reset.ts'

/** Returns both ends of a connection. */
async function connectPair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect({ port: (server.address() as { port: number }).port, allowHalfOpen: true })
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown]
  return { near, far, close: () => server.close() }
}

describe('reset', () => {
  it('causes ECONNRESET at the other end', async () => {
    const { near, far, close } = await connectPair()
    const failed = once(far, 'error')
    reset(near)
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
    close()
  })

  it.each([
    ['no data', 0],
    ['one byte', 1],
    ['20 MB', 20_000_000],
  ])('closes a socket that is being ended after sending %s', async (_, bytes) => {
    const { near, far, close } = await connectPair()
    far.on('error', () => {})
    if (bytes > 0) near.write(Buffer.alloc(bytes))
    near.end()
    const closed = once(near, 'close')
    reset(near)
    await closed
    far.destroy()
    close()
  })
})
