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

/** What a connection is opened with. */
export interface ConnectOptions {
  /** Milliseconds after which a silent connection is given up. */
  readonly timeout: number
  readonly connection: NatsConnectionOptions | undefined
}

/** The line to where a target leads. A connection that was given stays open when it is closed. */
export function openConnection(target: ServersTarget | ClientTarget, options: ConnectOptions): ReconnectingConnection {
  if ('given' in target) {
    const { given } = target
    return new ReconnectingConnection({
      dial: async () => given,
      owned: false,
      address: given.getServer(),
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

/** Pauses between attempts to reconnect, in ms, so that a fleet does not come back in one moment. */
const RECONNECT_DELAYS = { reconnectTimeWait: 100, reconnectJitter: 100, reconnectJitterTLS: 200 }

async function dial(
  { servers, user, password, credentials }: ServersTarget,
  options: ConnectOptions,
): Promise<NatsConnection> {
  const { authenticator = await loadAuthenticator(credentials), ...more } = options.connection ?? {}
  let connected = false
  const { ca, cert, key, tls } = credentials
  const useTls = tls !== undefined || ca !== undefined || cert !== undefined || key !== undefined
  const connection = await connect({
    ...RECONNECT_DELAYS,
    timeout: options.timeout,
    // a frozen server is noticed by the pings that it does not answer
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
    ...more,
    servers: [...servers],
    reconnect: true,
    maxReconnectAttempts: -1,
    // a server that is being set up anew may refuse for a while
    ignoreAuthErrorAbort: true,
  })
  connected = true
  return connection
}

/** The client closes for good when an authenticator throws: once it was connected the server is left to refuse instead, and asked again. */
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
