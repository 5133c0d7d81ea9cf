import type { NatsConnection } from '@nats-io/transport-node'
import { ArgumentError } from '@sync/core'
import type { NatsBusOptions, NatsTarget } from '../options.ts'
import { parseUrlOptions } from './url-options.ts'

/** Files that a URL names, to be read at every connect. */
export interface Credentials {
  /** What `nsc` and others write: a JWT and its seed. */
  readonly creds?: string
  /** The seed of an nkey. */
  readonly nkey?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly tls?: 'required'
}

/** Servers that a URL names. */
export interface ServersTarget {
  /** `host:port` of each. */
  readonly servers: readonly string[]
  readonly user: string | undefined
  readonly password: string | undefined
  readonly credentials: Credentials
  readonly options: NatsBusOptions
}

/** A connection that was given. */
export interface ClientTarget {
  readonly given: NatsConnection
  readonly options: NatsBusOptions
}

const OPTION_PARAMETERS = {
  transport: ['core', 'jetstream'],
  prefix: 'text',
  timeout: 'duration',
  maxPayloadBytes: 'number',
  maxAge: 'duration',
  maxMessages: 'number',
  maxBytes: 'number',
  replicas: 'number',
} as const

const CREDENTIAL_PARAMETERS = {
  creds: 'text',
  nkey: 'text',
  ca: 'text',
  cert: 'text',
  key: 'text',
  tls: ['required'],
} as const

/**
 * What a target means.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong; the URL itself may hold a password, and is not repeated
 */
export function parseTarget(target: NatsTarget): ServersTarget | ClientTarget {
  if (typeof target === 'string' || target instanceof URL) return parseUrl(String(target))
  const required = ['publish', 'subscribe', 'flush', 'status'] as const
  if (!required.every((name) => typeof target?.[name] === 'function'))
    throw new ArgumentError('a nats: URL or a connection of @nats-io/transport-node is needed')
  return { given: target as NatsConnection, options: {} }
}

/** The hosts may be several, each with a port of its own: more than `URL` takes. */
const URL_FORMAT = /^nats:\/\/(?:([^@/?#]*)@)?([^/?#]*)\/?(\?[^#]*)?$/

function parseUrl(text: string): ServersTarget {
  const parts = URL_FORMAT.exec(text)
  if (!parts) throw new ArgumentError('a URL is needed, such as nats://host1,host2:4222')
  const [, account, hosts = '', query = ''] = parts
  const servers = hosts.split(',').map(parseHost)
  const url = new URL(`nats://servers${query}`)
  const { options, rest } = parseUrlOptions<NatsBusOptions, Credentials>(url, OPTION_PARAMETERS, CREDENTIAL_PARAMETERS)
  const [user, password] = (account ?? '').split(/:(.*)/s).map(decode)
  // the client takes one of them and leaves out the other
  if (rest.creds !== undefined && rest.nkey !== undefined) throw new ArgumentError('creds or nkey: not both of them')
  if (!user && password !== undefined) throw new ArgumentError('a password needs a user')
  return { servers, user: user || undefined, password, credentials: rest, options }
}

function parseHost(host: string): string {
  if (!URL.canParse(`http://${host}`) || /[@/?#]/.test(host))
    throw new ArgumentError('hosts are needed, such as nats://host1,host2:4222')
  // the port of http itself would go
  return /:\d+$/.test(host) ? host : `${host}:4222`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError('user and password of a URL have to be percent-encoded', { cause })
  }
}
