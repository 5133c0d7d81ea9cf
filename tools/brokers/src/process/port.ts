import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * All ports are below the range that operating systems use for outgoing connections. While a server is down, any client could
 * take a port in that range, and a client that retries a connection to such a port can connect to itself.
 */
const MIN_PORT = 15_000
const MAX_PORT = 32_767

const handedOut = new Set<number>()

/** Returns an unused port of the loopback interface. Never returns the same port twice in one process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(MIN_PORT, MAX_PORT + 1)
    if (handedOut.has(port)) continue
    handedOut.add(port)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
