import { Readable } from 'node:stream'
import { connect } from '@sync/config'
import { type Change, type ChangeBatch, type Collection, defineCollection, SyncError } from '@sync/core'
import fastify from 'fastify'

interface Note {
  text: string
}
const noteSchema = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', maxLength: 10_000 } },
  additionalProperties: false,
} as const
interface NoteRequest {
  Params: { key: string }
  Body: Note
}

const instance = await connect({
  store: process.env['STORE_URL'] ?? 'memory:',
  bus: process.env['BUS_URL'] ?? 'memory:',
  // An HTTP client gets 503 at once instead of a request that waits for the store.
  whenUnavailable: 'reject',
})
// The process keeps the whole section in memory: reads and event streams make no round trip.
const definition = defineCollection<Note>({ section: 'note', ttl: 'never', replicate: 'all' })
const notes: Collection<Note> = instance.collection(definition, { partition: 'example' })

const app = fastify()
const stop = new AbortController()

app.get<NoteRequest>('/notes/:key', async (request, reply) => {
  const entry = await notes.getEntry(request.params.key)
  if (!entry) return reply.code(404).send({ error: 'no such note' })
  reply.header('etag', entry.etag)
  return request.headers['if-none-match'] === entry.etag ? reply.code(304).send() : entry.value
})

// A new note needs no condition; a change names the state that the client has seen.
app.put<NoteRequest>('/notes/:key', { schema: { body: noteSchema } }, async (request, reply) => {
  const { key } = request.params
  const ifMatch = request.headers['if-match']
  if (ifMatch !== undefined) {
    await notes.set(key, request.body, { ifMatch })
    return reply.code(204).send()
  }
  const { created, entry } = await notes.create(key, request.body)
  if (!created) return reply.code(428).send({ error: 'the note exists: send its ETag in If-Match' })
  return reply.code(201).header('etag', entry.etag).send(entry.value)
})

app.get('/changes', async (request, reply) => {
  const after = request.headers['last-event-id']
  const closed = new AbortController()
  reply.raw.once('close', () => closed.abort())
  const changes = notes.changes({
    from: typeof after === 'string' ? { after } : 'snapshot',
    signal: AbortSignal.any([stop.signal, closed.signal]),
  })
  // Without `connection: close`, a stopping server would wait for the idle connection after the stream has ended.
  reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'close' })
  return reply.send(Readable.from(events(changes)))
})

async function* events(changes: AsyncIterable<ChangeBatch<Change<Note>>>): AsyncGenerator<string> {
  yield ': connected\n\n' // sends the headers although nothing has changed yet
  for await (const batch of changes) {
    for (const change of batch) {
      yield `id: ${change.position}\nevent: ${change.kind}\ndata: ${JSON.stringify(dataOf(change))}\n\n`
    }
    // The browser keeps the id of the last event, so that a quiet stream resumes at a recent position too.
    if (batch.synced || batch.length === 0)
      yield `id: ${batch.position}\nevent: synced\ndata: ${JSON.stringify({ by: batch.synced })}\n\n`
  }
}

/** The new value; or, of a change that the log has as a delta, the JSON Patch that leads from the value before. */
function dataOf(change: Change<Note>): object {
  const { key, kind } = change
  if (kind === 'delta') return { key, patch: change.patch }
  return kind === 'removed' ? { key, reason: change.reason } : { key, value: change.value }
}

const statuses: Readonly<Record<string, number>> = {
  SYNC_ARGUMENT: 400,
  SYNC_POSITION: 400,
  SYNC_CONFLICT: 412,
  SYNC_STORE_UNAVAILABLE: 503,
}
app.setErrorHandler((error, _request, reply) => {
  const status = error instanceof SyncError ? statuses[error.code] : undefined
  if (status === undefined) throw error
  return reply.code(status).send({ error: (error as SyncError).code })
})

app.addHook('preClose', async () => stop.abort()) // an open event stream would hold up `close`
app.addHook('onClose', () => instance.close())
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
console.log(`listening on ${await app.listen({ port: Number(process.env['PORT'] ?? 3000) })}`)
