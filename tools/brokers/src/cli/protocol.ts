import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request to the daemon, sent as one line of JSON. */
export type DaemonRequest =
  | { readonly command: 'up'; readonly names: readonly string[] }
  | { readonly command: 'status' }
  | { readonly command: 'down' }
  | { readonly command: Fault; readonly names: readonly string[] }

/** Commands that act on running brokers. */
export type Fault = 'kill' | 'pause' | 'resume' | 'restart'

/** A running broker, or in the response to `down`, a stopped one. */
export interface BrokerEntry {
  readonly name: string
  readonly url: string
  readonly version: string
  readonly state: 'running' | 'paused' | 'killed'
}

/** The daemon's response. */
export interface DaemonResponse {
  readonly entries: readonly BrokerEntry[]
  /** One message per broker that failed to start or stop. */
  readonly problems: readonly string[]
}

/** Sends a request to the daemon at a socket. Returns `undefined` if no daemon is listening. */
export async function requestDaemon(socketPath: string, request: DaemonRequest): Promise<DaemonResponse | undefined> {
  const socket = connect(socketPath)
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    return JSON.parse(await text(socket))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED'))
      return undefined
    throw error
  } finally {
    socket.destroy()
  }
}
