import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunningExample } from './run-example.ts'

interface ServerEvent {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

let server: RunningExample
let url: string
beforeEach(async () => {
  server = new RunningExample('fastify-etag-sse', 'start', { env: { PORT: '0' } })
  const [, printed] = await server.until(/^listening on (\S+)$/m)
  url = printed as string
})
afterEach(() => server[Symbol.asyncDispose]())

function get(key: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/notes/${key}`, { headers })
}

function put(key: string, text: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/notes/${key}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ text }),
  })
}

/** Opens an event stream; it yields one event per call of `next`, and closes the connection by `return`. */
async function* events(headers: Record<string, string> = {}): AsyncGenerator<ServerEvent> {
  const { body } = await fetch(`${url}/changes`, { headers })
  let text = ''
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/, 2)))
      if (fields.id) yield { id: fields.id, event: fields.event, data: JSON.parse(fields.data) }
    }
  }
}

describe('examples/fastify-etag-sse: /notes', () => {
  it('answers 201 to a new note, and 404 to one that does not exist', async () => {
    expect((await get('a')).status).toBe(404)
    const created = await put('a', 'one')
    expect(created.status).toBe(201)
    const read = await get('a')
    expect(await read.json()).toEqual({ text: 'one' })
    expect(read.headers.get('etag')).toMatch(/^".+"$/)
  })

  it('answers 304 while the note has not changed', async () => {
    await put('a', 'one')
    const etag = (await get('a')).headers.get('etag') as string
    expect((await get('a', { 'if-none-match': etag })).status).toBe(304)
    expect((await put('a', 'two', { 'if-match': etag })).status).toBe(204)
    expect((await get('a', { 'if-none-match': etag })).status).toBe(200)
  })

  it('answers 412 to a change of a state that another client has changed', async () => {
    await put('a', 'one')
    const etag = (await get('a')).headers.get('etag') as string
    await put('a', 'two', { 'if-match': etag })
    const late = await put('a', 'three', { 'if-match': etag })
    expect(late.status).toBe(412)
    expect(await late.json()).toEqual({ error: 'SYNC_CONFLICT' })
    expect(await (await get('a')).json()).toEqual({ text: 'two' })
  })

  it('answers 428 to a change without a condition, and 400 to an If-Match that is not one of its ETags', async () => {
    await put('a', 'one')
    expect((await put('a', 'two')).status).toBe(428)
    expect((await put('a', 'two', { 'if-match': 'one' })).status).toBe(400)
  })
})

describe('examples/fastify-etag-sse: /changes', () => {
  it('sends the existing notes first, then each change', async () => {
    await put('a', 'one')
    const stream = events()
    expect((await stream.next()).value).toMatchObject({ event: 'reset', data: { key: 'a', value: { text: 'one' } } })
    expect((await stream.next()).value).toMatchObject({ event: 'synced', data: { by: 'snapshot' } })
    await put('b', 'two')
    expect((await stream.next()).value).toMatchObject({ event: 'created', data: { key: 'b', value: { text: 'two' } } })
    await stream.return(undefined)
  })

  it('sends exactly the changes after Last-Event-ID', async () => {
    const stream = events()
    expect((await stream.next()).value).toMatchObject({ event: 'synced', data: { by: 'snapshot' } })
    const etag = (await put('a', 'one')).headers.get('etag') as string
    const { id } = (await stream.next()).value as ServerEvent
    await stream.return(undefined)

    await put('a', 'two', { 'if-match': etag })
    await put('b', 'three')
    const resumed = events({ 'last-event-id': id })
    const patch = [{ path: '/text', value: 'two' }]
    expect((await resumed.next()).value).toMatchObject({ event: 'delta', data: { key: 'a', patch } })
    expect((await resumed.next()).value).toMatchObject({ event: 'created', data: { key: 'b' } })
    await resumed.return(undefined)
  })

  it('answers 400 to a Last-Event-ID that is not a position', async () => {
    const response = await fetch(`${url}/changes`, { headers: { 'last-event-id': 'x' } })
    expect(response.status).toBe(400)
  })

  it('ends open streams when the server is stopped', async () => {
    const { body } = await fetch(`${url}/changes`)
    const [code] = await Promise.all([server.stop(), body?.pipeTo(new WritableStream())])
    expect(code).toBe(0)
  })
})
