import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Admin } from './admin.ts'

/** Handles a request of `node:http`, or of a framework with the same signature. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/**
 * Returns a handler for `node:http`, Express and Connect. It passes paths outside the page to `next`; without `next` it
 * answers them with status 404.
 */
export function nodeHandler(admin: Admin): NodeHandler {
  return (request, response, next) => {
    const { originalUrl = request.url ?? '/' } = request as { originalUrl?: string; url?: string }
    const path = originalUrl.split('?', 1)[0] ?? ''
    if (next && path !== admin.path && !path.startsWith(`${admin.path}/`)) return next()
    answer(admin, request, response, originalUrl).catch(() => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  }
}

async function answer(admin: Admin, request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
  const aborted = new AbortController()
  response.once('close', () => aborted.abort())
  const { method = 'GET', socket } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const result = await admin.fetch(
    new Request(new URL(url, 'http://localhost'), {
      method,
      headers: headersOf(request),
      signal: aborted.signal,
      ...(hasBody && { body: Readable.toWeb(request) as ReadableStream<Uint8Array>, duplex: 'half' }),
    } as RequestInit),
    { remoteAddress: socket.remoteAddress },
  )
  response.writeHead(result.status, Object.fromEntries(result.headers))
  if (!result.body) return void response.end()
  try {
    await pipeline(Readable.fromWeb(result.body as never), response)
  } catch {
    // the client left, or was dropped because it reads too slowly
    response.destroy()
  }
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct))
    if (!name.startsWith(':')) for (const value of values) headers.append(name, value)
  return headers
}
