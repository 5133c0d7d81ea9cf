import { readFile } from 'node:fs/promises'
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node'
import type { NatsConnectionOptions } from '../options.ts'
import { ReconnectingConnection } from './reconnecting-connection.ts'
import type { ClientTarget, Credentials, ServersTarget } from './target.ts'

/** Options of {@link openConnection}. */
export interface ConnectOptions {
  /** Time after which a silent connection is closed and reopened, in milliseconds. */
  readonly timeout: number
  readonly connection: NatsConnectionOptions | undefined
}

/** Opens the connection that a target describes. A connection that was passed in stays open when the result is closed. */
export function openConnection(target: ServersTarget | ClientTarget, options: ConnectOptions): ReconnectingConnection {
  if ('client' in target) {
    const { client } = target
    return new ReconnectingConnection({
      dial: async () => client,
      owned: false,
      address: client.getServer(),
      timeout: options.timeout,
    })
  }
  return new ReconnectingConnection({
    dial: () => dial(target, options),
    owned: true,
    address: target.servers.join(','),
    timeout: options.timeout,
  })
}

/** Pauses between attempts to reconnect, in milliseconds. The jitter keeps a fleet from reconnecting all at once. */
const RECONNECT_DELAYS = { reconnectTimeWait: 100, reconnectJitter: 100, reconnectJitterTLS: 200 }

async function dial(
  { servers, user, password, credentials }: ServersTarget,
  options: ConnectOptions,
): Promise<NatsConnection> {
  const { authenticator = await loadAuthenticator(credentials), ...otherOptions } = options.connection ?? {}
  let connected = false
  const { ca, cert, key, tls } = credentials
  const useTls = tls !== undefined || ca !== undefined || cert !== undefined || key !== undefined
  const connection = await connect({
    ...RECONNECT_DELAYS,
    timeout: options.timeout,
    // unanswered pings detect a server that is frozen
    pingInterval: Math.max(1, Math.floor(options.timeout / 3)),
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(user !== undefined && password === undefined && { token: user }),
    ...(user !== undefined && password !== undefined && { user, pass: password }),
    ...(authenticator && {
      authenticator: [authenticator].flat().map((each) => tolerateErrorsOnceConnected(each, () => connected)),
    }),
    ...(useTls && {
      tls: { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) },
    }),
    ...otherOptions,
    servers: [...servers],
    reconnect: true,
    maxReconnectAttempts: -1,
    // a server whose accounts are being configured may reject for a while
    ignoreAuthErrorAbort: true,
  })
  connected = true
  return connection
}

/**
 * Wraps an authenticator so that its errors are ignored after the first connect. The client would close permanently on such an error;
 * this way the server rejects the attempt, and the client retries.
 */
const tolerateErrorsOnceConnected =
  (authenticator: Authenticator, connected: () => boolean): Authenticator =>
  (nonce) => {
    try {
      return authenticator(nonce)
    } catch (error) {
      if (!connected()) throw error
    }
  }

async function loadAuthenticator({ creds, nkey }: Credentials): Promise<Authenticator | undefined> {
  if (creds !== undefined) return credsAuthenticator(await readFile(creds))
  if (nkey === undefined) return undefined
  const seed = (await readFile(nkey, 'utf8')).trim()
  return nkeyAuthenticator(new TextEncoder().encode(seed))
}
