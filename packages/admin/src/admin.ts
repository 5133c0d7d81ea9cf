import { ArgumentError, isSyncError } from '@sync/core'
import { describeEvent } from './describe-event.ts'
import { readDocument } from './document.ts'
import { EventLog } from './event-log.ts'
import { EventStream } from './event-stream.ts'
import { checkHeaders, checkSender, type Refusal, type RequestKind, securityHeaders } from './guard.ts'
import {
  type AdminAction,
  type AdminOptions,
  type CheckedOptions,
  checkOptions,
  type InspectedCollection,
} from './options.ts'
import { readPageFile } from './page-files.ts'
import { type AdminState, collectionsOf, History, readInstances } from './state.ts'

const UPDATE_MS = 1_000
const MAX_BODY_LENGTH = 10_000

/** Facts about a request that the `Request` does not contain. */
export interface RequestInfo {
  /** Address of the client. Without `authenticate`, only requests with a loopback address are served. */
  readonly remoteAddress?: string | undefined
}

/** An admin page, not yet mounted. */
export class Admin implements Disposable {
  readonly #options: CheckedOptions
  readonly #log: EventLog
  readonly #history = new History()
  readonly #stream: EventStream
  readonly #cleanups: (() => void)[]
  #closed = false

  constructor(options: AdminOptions) {
    this.#options = checkOptions(options)
    const { instances, maxEvents, maxClients, showValues } = this.#options
    this.#log = new EventLog(maxEvents)
    this.#stream = new EventStream(maxClients)
    this.#cleanups = Object.entries(instances).map(([name, { sync }]) =>
      sync.onEvent((event) => this.#log.add(name, describeEvent(event, showValues), event.at)),
    )
    const timer = setInterval(() => this.#update(), UPDATE_MS).unref()
    this.#cleanups.push(() => clearInterval(timer))
  }

  /** Path at which the page is mounted, without a slash at its end. */
  get path(): string {
    return this.#options.path
  }

  /** Number of open event streams. */
  get clients(): number {
    return this.#stream.size
  }

  /** Answers a request. Paths outside `path` are answered with status 404. */
  async fetch(request: Request, { remoteAddress }: RequestInfo = {}): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== this.path && !pathname.startsWith(`${this.path}/`))
      return refuse({ status: 404, reason: 'not found' })
    const name = pathname.slice(this.path.length + 1)
    const refusal = this.#check(request, kindOf(name), remoteAddress)
    if (refusal) return refuse(refusal)
    const admitted = (await this.#options.authenticate?.(request)) ?? true
    if (admitted instanceof Response) return admitted
    if (!admitted) return refuse({ status: 401, reason: 'authentication is required' })
    if (pathname === this.path && this.path !== '') return respond(308, undefined, { location: `${this.path}/` })
    if (name === 'api/stream') return this.#openStream(request.signal)
    if (name === 'api/document') return this.#readDocument(searchParams)
    if (name === 'api/action') return this.#act(request)
    const file = readPageFile(name || 'index.html')
    return file ? respond(200, file.text, { 'content-type': file.type }) : refuse({ status: 404, reason: 'not found' })
  }

  #check(request: Request, kind: RequestKind, remoteAddress: string | undefined): Refusal | undefined {
    if (this.#closed) return { status: 503, reason: 'the admin page is closed' }
    if (request.method !== (kind === 'action' ? 'POST' : 'GET'))
      return { status: 405, reason: `expected ${kind === 'action' ? 'POST' : 'GET'}, got ${request.method}` }
    return (
      checkHeaders(request.headers, kind, this.#options.allowedHosts) ??
      (this.#options.localOnly ? checkSender(request.headers, remoteAddress) : undefined)
    )
  }

  #readState(): AdminState {
    return {
      at: Date.now(),
      instances: readInstances(this.#options.instances),
      events: this.#log.lines,
      points: this.#history.points,
      hasActions: this.#options.authorize !== undefined,
      showsValues: this.#options.showValues,
    }
  }

  #update(): void {
    const now = Date.now()
    this.#history.add(readInstances(this.#options.instances), now)
    if (this.#stream.size > 0) this.#stream.send(JSON.stringify(this.#readState()), now)
  }

  #openStream(signal: AbortSignal): Response {
    const body = this.#stream.open(JSON.stringify(this.#readState()), Date.now(), signal)
    if (!body)
      return refuse({ status: 503, reason: 'too many event streams are open; close a tab, or raise maxClients' })
    return respond(200, body, { 'content-type': 'text/event-stream' })
  }

  async #readDocument(query: URLSearchParams): Promise<Response> {
    const key = query.get('key') ?? ''
    const collection = this.#findCollection(query.get('instance'), query.get('partition'), query.get('section'))
    if (key === '' || !collection) return refuse({ status: 404, reason: 'no such collection' })
    try {
      return json(200, await readDocument(collection, key, this.#options.showValues))
    } catch (error) {
      return fail(error)
    }
  }

  #findCollection(instance: unknown, partition: unknown, section: unknown): InspectedCollection | undefined {
    const { instances } = this.#options
    if (typeof instance !== 'string' || !Object.hasOwn(instances, instance)) return undefined
    const found = instances[instance]
    return found && collectionsOf(found).find(({ ref }) => ref.partition === partition && ref.section === section)
  }

  async #act(request: Request): Promise<Response> {
    const { authorize } = this.#options
    if (!authorize) return refuse({ status: 403, reason: 'the page is read-only; pass the option authorize' })
    // a form on another site cannot send this type without a preflight request, which fails
    if (request.headers.get('content-type') !== 'application/json')
      return refuse({ status: 415, reason: 'expected content-type application/json' })
    const text = await readText(request)
    if (text === undefined)
      return refuse({ status: 413, reason: `expected a body of at most ${MAX_BODY_LENGTH} bytes` })
    const action = parseAction(text)
    const run = action && this.#prepare(action)
    if (!action || !run) return json(400, { error: 'expected an action on an instance or a collection of this page' })
    if (!(await authorize(request, action))) return refuse({ status: 403, reason: 'this action is not allowed' })
    try {
      return json(200, { result: (await run()) ?? null })
    } catch (error) {
      return fail(error)
    }
  }

  #prepare(action: AdminAction): (() => Promise<unknown>) | undefined {
    const { instances } = this.#options
    const sync = Object.hasOwn(instances, action.instance) ? instances[action.instance]?.sync : undefined
    if (!sync) return undefined
    switch (action.type) {
      case 'catch-up':
        return () => sync.catchUp()
      case 'verify':
        return () => sync.verify().then(({ checked, differing }) => ({ checked, differing: differing.length }))
      case 'evict': {
        const collection = this.#findCollection(action.instance, action.partition, action.section)
        return collection && (() => collection.evict(action.key))
      }
    }
  }

  /** Detaches from the instances and ends all event streams. The instances stay open. */
  close(): void {
    this.#closed = true
    for (const cleanUp of this.#cleanups.splice(0)) cleanUp()
    this.#stream.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Creates an admin page. Without `authorize` it is read-only; without `authenticate` it serves this machine only.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if an option is invalid, or if the page would be open to other machines
 */
export const createAdmin = (options: AdminOptions): Admin => new Admin(options)

function kindOf(name: string): RequestKind {
  if (name === '' || name === 'index.html') return 'page'
  if (name === 'api/action') return 'action'
  return name.startsWith('api/') ? 'data' : 'asset'
}

async function readText(request: Request): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.length
    if (length > MAX_BODY_LENGTH) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parseAction(text: string): AdminAction | undefined {
  let body: Readonly<Record<string, unknown>>
  try {
    body = Object(JSON.parse(text))
  } catch {
    return undefined
  }
  const { type, instance, partition, section, key } = body
  if (typeof instance !== 'string') return undefined
  if (type === 'catch-up' || type === 'verify') return { type, instance }
  if (type !== 'evict' || typeof partition !== 'string' || typeof section !== 'string') return undefined
  return typeof key === 'string' && key !== '' ? { type, instance, partition, section, key } : undefined
}

/** Errors of this library never contain document values. Messages of other errors may, and are not sent. */
const fail = (error: unknown): Response =>
  isSyncError(error)
    ? json(error instanceof ArgumentError ? 400 : 503, { error: error.message })
    : json(500, { error: 'internal error' })

const refuse = ({ status, reason }: Refusal): Response => json(status, { error: reason })

const json = (status: number, body: unknown): Response =>
  respond(status, JSON.stringify(body), { 'content-type': 'application/json' })

const respond = (
  status: number,
  body: string | ReadableStream<Uint8Array> | undefined,
  headers: Readonly<Record<string, string>>,
): Response => new Response(body, { status, headers: { ...securityHeaders, ...headers } })
