import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { catalogue, type RunningBroker } from './catalogue.ts'
import { type BrokerEntry, type DaemonRequest, type DaemonResponse, type Fault, requestDaemon } from './protocol.ts'

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
  if (isFault(request))
    for (const name of request.names)
      if (!running.has(name)) problems.push(`${name}: expected a running broker, got none; start it with "up"`)
  for (const [name, starting] of [...running]) {
    try {
      const broker = await starting
      if (isFault(request) && request.names.includes(name)) await applyFault(broker, request.command)
      entries.push({ name, url: broker.url, version: broker.version, state: stateOf(broker) })
      if (request.command === 'down') await broker[Symbol.asyncDispose]()
    } catch (error) {
      if (!isFault(request)) running.delete(name)
      problems.push(`${name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { entries, problems }
}

const isFault = (request: DaemonRequest): request is Extract<DaemonRequest, { command: Fault }> =>
  request.command !== 'up' && request.command !== 'down' && request.command !== 'status'

const paused = new WeakSet<RunningBroker>()

async function applyFault(broker: RunningBroker, fault: Fault): Promise<void> {
  if (!broker.controls) throw new Error('expected a single server, got a cluster')
  await broker.controls[fault]()
  if (fault === 'pause') paused.add(broker)
  else paused.delete(broker)
}

function stateOf(broker: RunningBroker): BrokerEntry['state'] {
  if (broker.controls?.running === false) return 'killed'
  return paused.has(broker) ? 'paused' : 'running'
}

async function startBroker(name: string): Promise<RunningBroker> {
  const starter = catalogue.get(name)
  if (!starter) throw new Error(`unknown broker; expected one of ${[...catalogue.keys()].join(', ')}`)
  return starter()
}
