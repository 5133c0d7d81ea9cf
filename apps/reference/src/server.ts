import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { files, typeOf } from './files.ts'
import { RequestError } from './request-error.ts'
import { requests } from './requests.ts'
import type { System } from './system.ts'

const FRAME_INTERVAL_MS = 500
const MAX_BODY_LENGTH = 10_000

/** Serves the page, a stream of frames for it (`/events`) and what it can ask for (`POST`). */
export function createPageServer(system: System): Server {
  return createServer((request, response) => {
    serve(system, request, response).catch((error: Error) => {
      const status = error instanceof RequestError ? error.status : 500
      if (response.headersSent) response.destroy(error)
      else json(response, status, { error: error.message })
    })
  })
}

async function serve(system: System, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (request.method === 'POST') return handlePost(system, pathname, request, response)
  if (request.method !== 'GET') throw new RequestError(405, 'GET or POST')
  if (pathname === '/events') return stream(system, response)
  const file = files.get(pathname)
  if (file === undefined) throw new RequestError(404, `there is no ${pathname}`)
  const content = await readFile(file)
  response.writeHead(200, {
    'content-type': typeOf(file),
    'content-security-policy':
      "default-src 'self'; img-src 'self' data:; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'",
    'cache-control': 'no-cache',
  })
  response.end(content)
}

/** A frame is all there is to show, so that a slow reader misses frames and nothing else. */
function stream(system: System, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write(`event: history\ndata: ${JSON.stringify(system.history.points)}\n\n`)
  const send = (): void => {
    const frame = response.writableNeedDrain ? undefined : system.readFrame()
    if (frame) response.write(`event: frame\ndata: ${JSON.stringify(frame)}\n\n`)
  }
  send()
  const timer = setInterval(send, FRAME_INTERVAL_MS)
  response.on('close', () => clearInterval(timer))
}

async function handlePost(
  system: System,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const handler = requests.get(path)
  if (!handler) throw new RequestError(404, `there is no ${path}`)
  // a form on another site cannot send this type without asking first
  if (request.headers['content-type'] !== 'application/json') throw new RequestError(415, 'application/json is needed')
  json(response, 200, await handler(system, await readBody(request)))
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += chunk as string
    if (text.length > MAX_BODY_LENGTH) throw new RequestError(413, `more than ${MAX_BODY_LENGTH} characters`)
  }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // said below
  }
  throw new RequestError(400, 'a JSON object is needed')
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
