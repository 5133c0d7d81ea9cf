import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { reset } from '../src/proxy/reset.ts'

/** Two ends of a connection. */
async function connected(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect({ port: (server.address() as { port: number }).port, allowHalfOpen: true })
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown]
  return { near, far, close: () => server.close() }
}

test('the other end sees a reset', async () => {
  const { near, far, close } = await connected()
  const failed = once(far, 'error')
  reset(near)
  expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
  close()
})

test.each(['nothing', 'a little', 'a lot'])(
  'one whose end is on its way, after %s, is gone all the same',
  async (sent) => {
    const { near, far, close } = await connected()
    far.on('error', () => {})
    if (sent !== 'nothing') near.write(Buffer.alloc(sent === 'a lot' ? 20_000_000 : 1))
    near.end()
    const gone = once(near, 'close')
    reset(near)
    await gone
    far.destroy()
    close()
  },
)
