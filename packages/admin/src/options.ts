import { ArgumentError, type CallOptions, type SectionRef, type SyncInstance } from '@sync/core'
import { isLoopback, parseHost } from './guard.ts'

/** The calls of a collection that the admin page uses. Every `Collection<T>` has them. */
export interface InspectedCollection {
  readonly ref: SectionRef
  getEntry(key: string, options?: CallOptions): Promise<InspectedEntry | undefined>
  recentChanges(key: string): readonly InspectedChange[]
  evict(key: string, options?: CallOptions): Promise<void>
}

/** The members of an entry that the admin page shows. */
export interface InspectedEntry {
  readonly value: unknown
  readonly version: number
  readonly fieldVersions: object
  readonly position: string
  readonly changedAt: number
  readonly expiresAt?: number
  readonly stale: boolean
}

/** The members of a change that the admin page shows. */
export interface InspectedChange {
  readonly kind: string
  readonly version: number
  readonly at: number
  readonly meta?: Readonly<Record<string, string>>
  readonly fields?: readonly string[]
}

/** One instance on the page. */
export interface AdminInstance {
  readonly sync: SyncInstance
  /** Collections whose documents can be inspected: an array, or a function that is called for each request. Default: none. */
  readonly collections?: readonly InspectedCollection[] | (() => readonly InspectedCollection[])
}

/** An action that a person requests on the page. */
export type AdminAction =
  /** Calls `catchUp()` of the instance. */
  | { readonly type: 'catch-up'; readonly instance: string }
  /** Calls `verify()` of the instance. */
  | { readonly type: 'verify'; readonly instance: string }
  /** Calls `evict(key)` of the collection. */
  | {
      readonly type: 'evict'
      readonly instance: string
      readonly partition: string
      readonly section: string
      readonly key: string
    }

/** Options of {@link createAdmin}. */
export interface AdminOptions {
  /** Instances to show, by the name that the page gives them. */
  readonly instances: Readonly<Record<string, AdminInstance>>
  /** Path at which the page is mounted. Default `/admin`. */
  readonly path?: string
  /**
   * Hosts in addition to `localhost`, `127.0.0.1` and `[::1]` under which the page is reachable, such as
   * `admin.example.com` or `admin.example.com:8443`. Requests with another `Host` header are refused.
   */
  readonly allowedHosts?: readonly string[]
  /**
   * Whether a request may use the page. Called for every request. It may return a `Response` in place of `false`, such
   * as a redirect to a login. Default: requests from this machine only.
   */
  readonly authenticate?: (request: Request) => boolean | Response | Promise<boolean | Response>
  /** Serves requests from other machines without `authenticate`, for a network that protects the page. Default false. */
  readonly allowUnauthenticated?: boolean
  /** Whether a request may run an action. Default: the page has no actions. */
  readonly authorize?: (request: Request, action: AdminAction) => boolean | Promise<boolean>
  /**
   * Whether the page shows the documents' values, the changes' `meta` and the messages of foreign errors. They can contain
   * personal data. Default false.
   */
  readonly showValues?: boolean
  /** Maximum number of events in the log. Default 200. */
  readonly maxEvents?: number
  /** Maximum number of open event streams: browser tabs that show the page. Default 20. */
  readonly maxClients?: number
}

/** Checked options with their defaults. */
export type CheckedOptions = Required<
  Pick<AdminOptions, 'instances' | 'path' | 'showValues' | 'maxEvents' | 'maxClients'>
> &
  Pick<AdminOptions, 'authenticate' | 'authorize'> & {
    readonly allowedHosts: readonly string[]
    /** Whether only requests from this machine are served. */
    readonly localOnly: boolean
  }

const NAMES: Record<keyof AdminOptions, true> = {
  instances: true,
  path: true,
  allowedHosts: true,
  authenticate: true,
  allowUnauthenticated: true,
  authorize: true,
  showValues: true,
  maxEvents: true,
  maxClients: true,
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const PATH = /^(\/[\w.~-]+)*$/

/**
 * Checks the options.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if an option is unknown or invalid, or if the page would be open to other machines
 */
export function checkOptions(options: AdminOptions): CheckedOptions {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(NAMES, name))
      throw invalid(`createAdmin(): expected the options ${Object.keys(NAMES).join(', ')}, got '${name}'`)
  const {
    instances,
    authenticate,
    authorize,
    allowedHosts = [],
    allowUnauthenticated = false,
    showValues = false,
  } = options
  if (typeof instances !== 'object' || instances === null || Object.keys(instances).length === 0)
    throw invalid('instances: expected at least one instance, got none; pass { name: { sync } }')
  for (const [name, each] of Object.entries(instances))
    if (typeof each?.sync?.onEvent !== 'function') throw invalid(`instances.${name}.sync: expected a SyncInstance`)
  for (const [name, hook] of Object.entries({ authenticate, authorize }))
    if (hook !== undefined && typeof hook !== 'function')
      throw invalid(`${name}: expected a function, got ${typeof hook}`)
  for (const [name, flag] of Object.entries({ allowUnauthenticated, showValues }))
    if (typeof flag !== 'boolean') throw invalid(`${name}: expected true or false, got ${typeof flag}`)
  const path = (options.path ?? '/admin').replace(/\/$/, '')
  if (!PATH.test(path)) throw invalid(`path: expected a path such as '/admin', got '${path}'`)
  checkHosts(allowedHosts, authenticate !== undefined || allowUnauthenticated)
  return {
    instances,
    path,
    showValues,
    allowedHosts: [...LOCAL_HOSTS, ...allowedHosts.map((host) => host.toLowerCase())],
    localOnly: authenticate === undefined && !allowUnauthenticated,
    maxEvents: positive(options.maxEvents ?? 200, 'maxEvents'),
    maxClients: positive(options.maxClients ?? 20, 'maxClients'),
    ...(authenticate && { authenticate }),
    ...(authorize && { authorize }),
  }
}

function checkHosts(hosts: readonly string[], isProtected: boolean): void {
  for (const host of hosts) {
    const name = parseHost(host)
    if (name === undefined)
      throw invalid(`allowedHosts: expected host names such as 'admin.example.com', got '${host}'`)
    if (!isProtected && !isLoopback(name))
      throw invalid(
        `allowedHosts: expected 'authenticate' with the host '${host}', got none; pass 'authenticate', or 'allowUnauthenticated: true' if the network protects the page`,
      )
  }
}

function positive(value: number, name: string): number {
  if (Number.isInteger(value) && value > 0) return value
  throw invalid(`${name}: expected a positive integer, got ${value}`)
}

const invalid = (message: string): ArgumentError => new ArgumentError(message)
