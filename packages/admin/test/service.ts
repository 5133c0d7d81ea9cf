import {
  type Collection,
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
  type SyncInstance,
} from '@sync/core'
import { type Admin, type AdminOptions, createAdmin } from '../src/index.ts'

interface Order {
  readonly status: string
  readonly customer: string
}

const definition = defineCollection<Order>({ section: 'order', ttl: 'never', replicate: 'all' })

/** A service with one instance, another instance that writes too, and the admin page. */
export interface Service extends AsyncDisposable {
  readonly admin: Admin
  readonly sync: SyncInstance
  readonly orders: Collection<Order>
  /** The same collection on the other instance. */
  readonly remote: Collection<Order>
}

export async function openService(options: Partial<AdminOptions> = {}): Promise<Service> {
  const hub = createMemoryHub()
  const open = (): SyncInstance => createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
  const [sync, other] = [open(), open()]
  const orders = sync.collection(definition, { partition: 'eu' })
  const remote = other.collection(definition, { partition: 'eu' })
  await Promise.all([orders.ready(), remote.ready()])
  const admin = createAdmin({ instances: { api: { sync, collections: [orders] } }, ...options })
  return {
    admin,
    sync,
    orders,
    remote,
    async [Symbol.asyncDispose]() {
      admin.close()
      await Promise.all([sync.close(), other.close()])
    },
  }
}

/** Sends a request from this machine to a page's path, as its own page would. */
export const send = (
  admin: Admin,
  path: string,
  init: RequestInit = {},
  remoteAddress = '127.0.0.1',
): Promise<Response> =>
  admin.fetch(
    new Request(`http://localhost${path}`, { ...init, headers: { host: 'localhost', ...(init.headers as object) } }),
    { remoteAddress },
  )

/** Requests an action. */
export const act = (admin: Admin, action: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  send(admin, '/admin/api/action', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin: 'http://localhost',
      'sec-fetch-site': 'same-origin',
      ...headers,
    },
    body: JSON.stringify(action),
  })
