import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { catalogue, type RunningBroker } from './catalogue.ts'
import { type BrokerEntry, type DaemonRequest, type DaemonResponse, requestDaemon } from './protocol.ts'

/** Keeps brokers running and serves requests on its socket. Exits the process after `down`. */
export async function runDaemon(socketPath: string): Promise<void> {
  const running = new Map<string, Promise<RunningBroker>>()
  const onConnection = (socket: Socket): void => {
    socket.on('error', () => {})
    createInterface({ input: socket }).on('line', async (line) => {
      const request: DaemonRequest = JSON.parse(line)
      const answer = await handleRequest(request, running)
      socket.end(JSON.stringify(answer))
      // Brokers that could not be disposed of end with this process.
      if (request.command === 'down') server.close()
    })
  }
  const server = createServer(onConnection)
  // Another daemon may have started first, or a killed one may have left its socket behind.
  if (await requestDaemon(socketPath, { command: 'status' })) return
  await rm(socketPath, { force: true })
  server.listen(socketPath)
  await once(server, 'close')
  // A disconnected client may still have a pending two-second timer.
  process.exit()
}

async function handleRequest(
  request: DaemonRequest,
  running: Map<string, Promise<RunningBroker>>,
): Promise<DaemonResponse> {
  if (request.command === 'up')
    for (const name of request.names) if (!running.has(name)) running.set(name, startBroker(name))
  const entries: BrokerEntry[] = []
  const problems: string[] = []
  for (const [name, starting] of [...running]) {
    try {
      const broker = await starting
      entries.push({ name, url: broker.url, version: broker.version })
      if (request.command === 'down') await broker[Symbol.asyncDispose]()
    } catch (error) {
      running.delete(name)
      problems.push(`${name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { entries, problems }
}

async function startBroker(name: string): Promise<RunningBroker> {
  const starter = catalogue.get(name)
  if (!starter) throw new Error(`unknown broker; expected one of ${[...catalogue.keys()].join(', ')}`)
  return starter()
}
