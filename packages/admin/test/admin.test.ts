import { isSyncError } from '@sync/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAdmin } from '../src/index.ts'
import { act, openService, type Service, send } from './service.ts'

let service: Service
const open = async (options?: Parameters<typeof openService>[0]): Promise<Service> => {
  service = await openService(options)
  return service
}
afterEach(() => service?.[Symbol.asyncDispose]())

/** Reads an event stream's messages until one matches. */
async function readState(response: Response, matches: (state: State) => boolean = () => true): Promise<State> {
  let text = ''
  for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream() as never,
  )) {
    text += chunk as unknown as string
    const messages = text.split('\n\n')
    text = messages.pop() ?? ''
    for (const message of messages) {
      const state: State = JSON.parse(message.slice('data: '.length))
      if (matches(state)) return state
    }
  }
  throw new Error('expected a matching state before the stream ended')
}
interface State {
  readonly instances: readonly {
    readonly name: string
    readonly state: string
    readonly staleForMs: number
    readonly stats: { readonly documents: number; readonly conflicts: number }
    readonly sections: readonly {
      readonly partition: string
      readonly section: string
      readonly sequence: number
      readonly behind: number
    }[]
    readonly inspectable: readonly unknown[]
  }[]
  readonly events: readonly { readonly text: string }[]
  readonly hasActions: boolean
  readonly showsValues: boolean
}

const documentPath = (key: string, others = {}): string =>
  `/admin/api/document?${new URLSearchParams({ instance: 'api', partition: 'eu', section: 'order', key, ...others })}`

describe('createAdmin()', () => {
  it.each([
    [{ instances: {} }, /instances: expected at least one instance/],
    [{ instances: { api: {} } }, /instances\.api\.sync: expected a SyncInstance/],
    [{ autorize: () => true }, /expected the options .* got 'autorize'/],
    [{ authorize: true }, /authorize: expected a function, got boolean/],
    [{ showValues: 'yes' }, /showValues: expected true or false, got string/],
    [{ path: 'admin panel' }, /path: expected a path such as '\/admin'/],
    [{ maxClients: 0 }, /maxClients: expected a positive integer, got 0/],
    [{ allowedHosts: ['https://x'] }, /allowedHosts: expected host names/],
    [{ allowedHosts: ['admin.example.com'] }, /pass 'authenticate', or 'allowUnauthenticated: true'/],
  ])('rejects the options %j', async (options, message) => {
    const { sync } = await open()
    let thrown: unknown
    try {
      createAdmin({ instances: { api: { sync } }, ...(options as object) }).close()
    } catch (error) {
      thrown = error
    }
    expect(isSyncError(thrown) && thrown.code).toBe('SYNC_ARGUMENT')
    expect((thrown as Error).message).toMatch(message)
  })

  it('accepts other hosts with authenticate, or with allowUnauthenticated', async () => {
    const { sync } = await open()
    const options = { instances: { api: { sync } }, allowedHosts: ['admin.example.com'] }
    createAdmin({ ...options, authenticate: () => true }).close()
    createAdmin({ ...options, allowUnauthenticated: true }).close()
    createAdmin({ ...options, allowedHosts: ['localhost:8080'] }).close()
  })
})

describe('fetch()', () => {
  it('serves the page and its files with a strict security policy', async () => {
    const { admin } = await open()
    const page = await send(admin, '/admin/')
    expect(page.status).toBe(200)
    const text = await page.text()
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=|https?:/)
    const files = [...text.matchAll(/(?:href|src)="([\w./]+)"/g)].map(([, name]) => name as string)
    const imports = await Promise.all(
      ['main.js', 'html.js', 'chart.js'].map(async (name) => (await send(admin, `/admin/${name}`)).text()),
    )
    files.push(
      ...imports.flatMap((source) => [...source.matchAll(/from '\.\/([\w./]+)'/g)].map(([, name]) => name as string)),
    )
    expect(files).toContain('lib/preact.js')
    for (const name of files) expect((await send(admin, `/admin/${name}`)).status, name).toBe(200)
    const policy = page.headers.get('content-security-policy')
    expect(policy).toMatch(/default-src 'none'.*script-src 'self';.*frame-ancestors 'none'/)
    expect(policy).not.toContain('unsafe')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('redirects to the path with a slash, and answers other paths with 404', async () => {
    const { admin } = await open()
    const redirect = await send(admin, '/admin')
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, '/admin/'])
    for (const path of ['/', '/administrator', '/admin/package.json', '/admin/..%2fpackage.json', '/admin/api/none'])
      expect((await send(admin, path)).status, path).toBe(404)
  })

  it.each([
    ['/admin/', { host: 'evil.example.com' }, 421],
    ['/admin/api/stream', { host: 'evil.example.com' }, 421],
    ['/admin/api/stream', { origin: 'http://evil.example.com' }, 403],
    ['/admin/api/stream', { 'sec-fetch-site': 'cross-site' }, 403],
    [documentPath('o-1'), { origin: 'http://evil.example.com' }, 403],
  ])('refuses %s with %j', async (path, headers, status) => {
    const { admin } = await open()
    expect((await send(admin, path, { headers })).status).toBe(status)
  })

  it('refuses other machines without authenticate', async () => {
    const { admin } = await open()
    expect((await send(admin, '/admin/', {}, '10.0.0.7')).status).toBe(403)
    expect((await admin.fetch(new Request('http://localhost/admin/', { headers: { host: 'localhost' } }))).status).toBe(
      403,
    )
  })

  it('asks authenticate for every request, and returns its response', async () => {
    const authenticate = vi.fn((request: Request) =>
      request.headers.has('authorization')
        ? true
        : new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic' } }),
    )
    const { admin } = await open({ authenticate })
    for (const path of ['/admin', '/admin/', '/admin/main.js', '/admin/api/stream', documentPath('o-1')]) {
      const refused = await send(admin, path, {}, '10.0.0.7')
      expect([refused.status, refused.headers.get('www-authenticate')], path).toEqual([401, 'Basic'])
    }
    const headers = { authorization: 'Basic x' }
    expect((await send(admin, '/admin/', { headers }, '10.0.0.7')).status).toBe(200)
    expect(authenticate).toHaveBeenCalledTimes(6)
  })

  it('answers with 401 when authenticate returns false', async () => {
    const { admin } = await open({ authenticate: async () => false })
    expect((await send(admin, '/admin/')).status).toBe(401)
  })

  it('streams instances, sections, counters and events', async () => {
    const { admin, remote, sync, orders } = await open()
    await remote.set('o-1', { status: 'open', customer: 'Ann' })
    await sync.catchUp()
    await orders.set('o-2', { status: 'open', customer: 'Ben' })
    const state = await readState(
      await send(admin, '/admin/api/stream'),
      ({ instances }) => instances[0]?.stats.documents === 2,
    )
    expect(state.instances[0]).toMatchObject({
      name: 'api',
      state: 'live',
      sections: [{ partition: 'eu', section: 'order', sequence: 2, behind: 0 }],
      inspectable: [{ partition: 'eu', section: 'order' }],
    })
    expect(state).toMatchObject({ hasActions: false, showsValues: false })
    expect(JSON.stringify(state)).not.toContain('Ann')
  })

  it('logs events with the name of the instance', async () => {
    const { admin, sync, orders } = await open()
    orders.subscribe('o-1', () => {
      throw new TypeError('secret of Ann')
    })
    await orders.set('o-1', { status: 'open', customer: 'Ann' })
    await sync.flush()
    const state = await readState(await send(admin, '/admin/api/stream'), ({ events }) => events.length > 0)
    expect(state.events).toMatchObject([{ instance: 'api', text: 'error (TypeError)', times: 1 }])
  })

  it('hides values and meta by default, and shows them with showValues', async () => {
    const write = async ({ remote, sync }: Service): Promise<void> => {
      await remote.set('o-1', { status: 'open', customer: 'Ann' })
      await remote.assign('o-1', { status: 'paid' }, { meta: { actor: 'Ben' } })
      await sync.catchUp()
    }
    await write(await open())
    const hidden = await (await send(service.admin, documentPath('o-1'))).json()
    expect(hidden).toMatchObject({
      exists: true,
      version: 2,
      fields: [
        { name: 'customer', version: 1 },
        { name: 'status', version: 2 },
      ],
      changes: [
        { version: 2, fields: ['status'] },
        { kind: 'created', version: 1 },
      ],
    })
    expect(JSON.stringify(hidden)).not.toMatch(/Ann|Ben|paid/)
    await service[Symbol.asyncDispose]()

    await write(await open({ showValues: true }))
    expect(await (await send(service.admin, documentPath('o-1'))).json()).toMatchObject({
      fields: [{ json: '"Ann"' }, { json: '"paid"' }],
      changes: [{ meta: { actor: 'Ben' } }, {}],
    })
  })

  it('reports a document that does not exist', async () => {
    const { admin } = await open()
    expect(await (await send(admin, documentPath('none'))).json()).toEqual({ key: 'none', exists: false, changes: [] })
  })

  it('inspects only the given collections', async () => {
    const { admin } = await open()
    for (const others of [{ section: 'other' }, { partition: 'us' }, { instance: 'toString' }, { key: '' }])
      expect((await send(admin, documentPath('o-1', others))).status, JSON.stringify(others)).toBe(404)
  })

  it('has no actions without authorize', async () => {
    const { admin, sync } = await open()
    const catchUp = vi.spyOn(sync, 'catchUp')
    const answer = await act(admin, { type: 'catch-up', instance: 'api' })
    expect([answer.status, await answer.json()]).toEqual([
      403,
      { error: 'the page is read-only; pass the option authorize' },
    ])
    expect(catchUp).not.toHaveBeenCalled()
  })

  it('runs an action that authorize allows, and no other', async () => {
    const authorize = vi.fn((_request: Request, { type }: { readonly type: string }) => type !== 'evict')
    const { admin, orders } = await open({ authorize })
    await orders.set('o-1', { status: 'open', customer: 'Ann' })
    expect(await (await act(admin, { type: 'verify', instance: 'api' })).json()).toEqual({
      result: { checked: 1, differing: 0 },
    })
    expect((await act(admin, { type: 'catch-up', instance: 'api' })).status).toBe(200)
    const evict = { type: 'evict', instance: 'api', partition: 'eu', section: 'order', key: 'o-1' }
    expect((await act(admin, evict)).status).toBe(403)
    authorize.mockReturnValue(true)
    expect((await act(admin, evict)).status).toBe(200)
    expect(authorize).toHaveBeenLastCalledWith(expect.any(Request), evict)
  })

  it.each([
    [{ type: 'drop', instance: 'api' }],
    [{ type: 'verify', instance: 'none' }],
    [{ type: 'verify', instance: 'constructor' }],
    [{ type: 'evict', instance: 'api', partition: 'eu', section: 'none', key: 'o-1' }],
    [{ type: 'evict', instance: 'api', partition: 'eu', section: 'order', key: '' }],
    [null],
    ['text'],
  ])('rejects the action %j', async (action) => {
    const authorize = vi.fn(() => true)
    const { admin } = await open({ authorize })
    expect((await act(admin, action)).status).toBe(400)
    expect(authorize).not.toHaveBeenCalled()
  })

  it.each([
    [{ origin: 'http://evil.example.com' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'content-type': 'text/plain' }, 415],
    [{ host: 'rebound.example.com' }, 421],
  ])('refuses an action with %j', async (headers, status) => {
    const authorize = vi.fn(() => true)
    const { admin } = await open({ authorize })
    expect((await act(admin, { type: 'verify', instance: 'api' }, headers)).status).toBe(status)
    expect(authorize).not.toHaveBeenCalled()
  })

  it('refuses long bodies and wrong methods', async () => {
    const { admin } = await open({ authorize: () => true })
    expect((await act(admin, 'x'.repeat(20_000))).status).toBe(413)
    expect((await send(admin, '/admin/api/action')).status).toBe(405)
    expect((await send(admin, '/admin/', { method: 'POST' })).status).toBe(405)
  })

  it('opens at most maxClients event streams, and frees one when its client leaves', async () => {
    const { admin } = await open({ maxClients: 1 })
    const first = new AbortController()
    expect((await send(admin, '/admin/api/stream', { signal: first.signal })).status).toBe(200)
    expect((await send(admin, '/admin/api/stream')).status).toBe(503)
    first.abort()
    expect((await send(admin, '/admin/api/stream')).status).toBe(200)
  })
})

describe('close()', () => {
  it('removes its listeners and timers, ends event streams, and leaves the instances open', async () => {
    const { sync, orders } = await open()
    const removed = vi.fn()
    const subscribe = vi.spyOn(sync, 'onEvent').mockImplementation(() => removed)
    const clear = vi.spyOn(globalThis, 'clearInterval')
    const admin = createAdmin({ instances: { api: { sync, collections: () => [orders] } } })
    const stream = await send(admin, '/admin/api/stream')
    expect(admin.clients).toBe(1)
    admin.close()
    admin.close()
    expect(removed).toHaveBeenCalledTimes(1)
    expect(clear).toHaveBeenCalledTimes(1)
    expect(admin.clients).toBe(0)
    await stream.text()
    expect((await send(admin, '/admin/')).status).toBe(503)
    expect(sync.health().state).toBe('live')
    subscribe.mockRestore()
    clear.mockRestore()
  })
})
