import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { checkHeaders, mediaTypeOf, securityHeaders } from '@sync/admin/parts'
import { files } from './files.ts'
import { RequestError } from './request-error.ts'
import { requests } from './requests.ts'
import type { System } from './system.ts'

const FRAME_INTERVAL_MS = 500
const MAX_BODY_LENGTH = 10_000

/** Creates the server of the page, of its stream of frames (`GET /events`) and of its requests (`POST`). */
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
  checkOrigin(request, pathname)
  if (request.method === 'POST') return handlePost(system, pathname, request, response)
  if (request.method !== 'GET') throw new RequestError(405, `expected GET or POST, got ${request.method}`)
  if (pathname === '/events') return stream(system, response)
  const file = files.get(pathname)
  if (file === undefined) throw new RequestError(404, `${pathname} not found`)
  const content = await readFile(file)
  response.writeHead(200, {
    ...securityHeaders,
    'content-type': mediaTypeOf(file),
    'cache-control': 'no-cache',
  })
  response.end(content)
}

const HOSTS = ['localhost', '127.0.0.1', '[::1]']

/** Rejects requests that a page of another site or host name sends. */
function checkOrigin(request: IncomingMessage, path: string): void {
  const headers = new Headers()
  for (const name of ['host', 'origin', 'sec-fetch-site']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  const refusal = checkHeaders(headers, request.method === 'POST' ? 'action' : path === '/' ? 'page' : 'data', HOSTS)
  if (refusal) throw new RequestError(refusal.status, refusal.reason)
}

/** Streams frames. Each frame is complete, so a slow reader can skip frames without missing anything. */
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
  if (!handler) throw new RequestError(404, `${path} not found`)
  // A form on another site can send this content type only after a CORS preflight request, which fails.
  if (request.headers['content-type'] !== 'application/json')
    throw new RequestError(415, 'expected content-type application/json')
  json(response, 200, await handler(system, await readBody(request)))
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += chunk as string
    if (text.length > MAX_BODY_LENGTH)
      throw new RequestError(413, `expected a body of at most ${MAX_BODY_LENGTH} characters`)
  }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // reported below
  }
  throw new RequestError(400, 'expected a JSON object')
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
