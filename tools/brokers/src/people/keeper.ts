import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { catalogue, type Running } from './catalogue.ts'
import { type Answer, askKeeper, type Entry, type Request } from './protocol.ts'

/** Keeps brokers running for people, and does what is asked of it at its socket, until it is told to stop: this process then ends. */
export async function keep(socketPath: string): Promise<void> {
  const running = new Map<string, Promise<Running>>()
  const asked = (socket: Socket): void => {
    socket.on('error', () => {})
    createInterface({ input: socket }).on('line', async (line) => {
      const request: Request = JSON.parse(line)
      const answer = await answerTo(request, running)
      socket.end(JSON.stringify(answer))
      // The brokers still there end with this process.
      if (request.ask === 'down') listener.close()
    })
  }
  const listener = createServer(asked)
  // Another keeper may have been quicker; or one that was killed has left its socket behind.
  if (await askKeeper(socketPath, { ask: 'status' })) return
  await rm(socketPath, { force: true })
  listener.listen(socketPath)
  await once(listener, 'close')
  // A client that has disconnected may still hold a timer of two seconds.
  process.exit()
}

async function answerTo(request: Request, running: Map<string, Promise<Running>>): Promise<Answer> {
  if (request.ask === 'up') for (const name of request.names) if (!running.has(name)) running.set(name, start(name))
  const entries: Entry[] = []
  const problems: string[] = []
  for (const [name, starting] of [...running]) {
    try {
      const broker = await starting
      entries.push({ name, url: broker.url, version: broker.version })
      if (request.ask === 'down') await broker[Symbol.asyncDispose]()
    } catch (error) {
      running.delete(name)
      problems.push(`${name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return { entries, problems }
}

async function start(name: string): Promise<Running> {
  const starter = catalogue.get(name)
  if (!starter) throw new Error(`there is none of that name; there are ${[...catalogue.keys()].join(', ')}`)
  return starter()
}
