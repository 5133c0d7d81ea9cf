import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Acts like a DNS name that changes its target: open connections stay where they are. */
interface MovableName extends AsyncDisposable {
  readonly url: string
  moveTo(port: number): void
}

/** Opens a name that leads to `port` of the loopback interface. */
export async function openMovableName(port: number): Promise<MovableName> {
  let target = port
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    const upstream = connect(target, '127.0.0.1')
    for (const each of [socket, upstream]) open.add(each.on('error', () => {}))
    socket.pipe(upstream).pipe(socket)
    socket.on('close', () => upstream.destroy())
    upstream.on('close', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    moveTo(newPort: number) {
      target = newPort
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const each of open) each.destroy()
    },
  }
}
