import type { NatsConnection } from '@nats-io/transport-node'
import { ArgumentError } from '@sync/core'
import { assertPasswordEncoded } from '@sync/core/adapter'
import type { NatsBusOptions, NatsTarget } from '../options.ts'
import { parseUrlOptions } from './url-options.ts'

/** Credential files named by a URL, and whether TLS is required. */
export interface Credentials {
  /** Path of a credentials file with a JWT and its seed, as `nsc` writes it. */
  readonly creds?: string
  /** Path of a file with the seed of an nkey. */
  readonly nkey?: string
  /** Path of the certificate authority's file. */
  readonly ca?: string
  /** Path of the client certificate. */
  readonly cert?: string
  /** Path of the client certificate's key. */
  readonly key?: string
  readonly tls?: 'required'
}

/** A target given as a URL. */
export interface ServersTarget {
  /** Addresses as `host:port`. */
  readonly servers: readonly string[]
  readonly user: string | undefined
  readonly password: string | undefined
  readonly credentials: Credentials
  readonly options: NatsBusOptions
}

/** A target given as an open connection. */
export interface ClientTarget {
  readonly client: NatsConnection
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
 * Parses a target.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it is invalid. The message never contains the URL, which may contain a password
 */
export function parseTarget(target: NatsTarget): ServersTarget | ClientTarget {
  if (typeof target === 'string' || target instanceof URL) return parseUrl(String(target))
  const required = ['publish', 'subscribe', 'flush', 'status'] as const
  if (!required.every((name) => typeof target?.[name] === 'function'))
    throw new ArgumentError(
      `target: expected a nats: URL or a connection of @nats-io/transport-node, got ${typeof target}`,
    )
  return { client: target as NatsConnection, options: {} }
}

/** Format of a URL with one or more hosts, each with its own port. `URL` supports only one host. */
const URL_FORMAT = /^nats:\/\/(?:([^@/?#]*)@)?([^/?#]*)\/?(\?[^#]*)?$/

function parseUrl(text: string): ServersTarget {
  assertPasswordEncoded(text)
  const parts = URL_FORMAT.exec(text)
  if (!parts) throw new ArgumentError('target: expected a URL such as nats://host1,host2:4222')
  const [, account, hosts = '', query = ''] = parts
  const servers = hosts.split(',').map(parseHost)
  const url = new URL(`nats://servers${query}`)
  const { options, rest } = parseUrlOptions<NatsBusOptions, Credentials>(url, OPTION_PARAMETERS, CREDENTIAL_PARAMETERS)
  const [user, password] = (account ?? '').split(/:(.*)/s).map(decode)
  // the client would use one of them and silently ignore the other
  if (rest.creds !== undefined && rest.nkey !== undefined)
    throw new ArgumentError('target: expected creds or nkey in the URL, got both')
  if (!user && password !== undefined)
    throw new ArgumentError('target: expected a user before the password, got a password alone')
  return { servers, user: user || undefined, password, credentials: rest, options }
}

function parseHost(host: string): string {
  if (!URL.canParse(`http://${host}`) || /[@/?#]/.test(host))
    throw new ArgumentError('target: expected hosts in the URL, as in nats://host1,host2:4222')
  // tested on the text, because `URL` would drop port 80, the default of http
  return /:\d+$/.test(host) ? host : `${host}:4222`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError('target: expected user and password of the URL to be percent-encoded', { cause })
  }
}
