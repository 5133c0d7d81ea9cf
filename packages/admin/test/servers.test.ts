import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fastifyAdmin, nodeHandler } from '../src/index.ts'
import { openService, type Service } from './service.ts'

/** One server of each kind with the page, and a route of its own at `/own`. */
const servers: Readonly<
  Record<string, (service: Service) => Promise<{ readonly port: number; close(): Promise<unknown> }>>
> = {
  'node:http': async ({ admin }) => {
    const handle = nodeHandler(admin)
    const server = createServer((request, response) => handle(request, response, () => response.end('own')))
    return listen(server)
  },
  fastify: async ({ admin }) => {
    const app = fastify({ forceCloseConnections: true })
    await app.register(fastifyAdmin(admin))
    app.get('/own', async () => 'own')
    app.post('/own', async ({ body }) => body)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}

async function listen(server: Server): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

let service: Service | undefined
let server: { readonly port: number; close(): Promise<unknown> } | undefined
afterEach(async () => {
  await service?.[Symbol.asyncDispose]()
  await server?.close()
})

describe.each(Object.keys(servers))('a page mounted with %s', (kind) => {
  const open = async (options?: Parameters<typeof openService>[0]): Promise<Service> => {
    service = await openService(options)
    server = await servers[kind]?.(service)
    return service
  }
  const call = async (path: string, headers: Record<string, string> = {}, body?: string): Promise<IncomingMessage> => {
    const request = httpRequest({ port: server?.port, host: '127.0.0.1', path, method: body ? 'POST' : 'GET', headers })
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }
  const textOf = async (response: IncomingMessage): Promise<string> => {
    let text = ''
    for await (const chunk of response) text += chunk
    return text
  }

  it('serves its files, and leaves other paths to the server', async () => {
    await open()
    const page = await call('/admin/')
    expect(page.headers['content-security-policy']).toContain("script-src 'self'")
    expect(await textOf(page)).toContain('<title>Sync admin</title>')
    expect((await call('/admin')).headers.location).toBe('/admin/')
    expect(await textOf(await call('/own'))).toBe('own')
  })

  it('refuses a rebound Host header and requests from other sites', async () => {
    await open()
    expect((await call('/admin/', { host: 'rebound.example.com' })).statusCode).toBe(421)
    expect((await call('/admin/api/stream', { origin: 'http://evil.example.com' })).statusCode).toBe(403)
  })

  it('runs actions with their body', async () => {
    await open({ authorize: () => true })
    const answer = await call(
      '/admin/api/action',
      { 'content-type': 'application/json' },
      '{"type":"verify","instance":"api"}',
    )
    expect(await textOf(answer)).toBe('{"result":{"checked":0,"differing":0}}')
  })

  it('frees the event stream when its client disconnects', async () => {
    const { admin } = await open()
    const stream = await call('/admin/api/stream')
    await once(stream, 'data')
    expect(admin.clients).toBe(1)
    stream.destroy()
    await vi.waitUntil(() => admin.clients === 0)
  })

  it('ends event streams when it is closed', async () => {
    const { admin } = await open()
    const stream = await call('/admin/api/stream')
    await once(stream, 'data')
    admin.close()
    await once(stream.resume(), 'end')
  })
})
