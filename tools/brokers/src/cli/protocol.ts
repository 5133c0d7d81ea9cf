import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a keeper is asked: one line of JSON. */
export type DaemonRequest =
  | { readonly command: 'up'; readonly names: readonly string[] }
  | { readonly command: 'status' }
  | { readonly command: 'down' }

/** A broker that runs; with `down`, that ran. */
export interface BrokerEntry {
  readonly name: string
  readonly url: string
  readonly version: string
}

/** What a keeper answers. */
export interface DaemonResponse {
  readonly entries: readonly BrokerEntry[]
  /** What could not be started, and why. */
  readonly problems: readonly string[]
}

/** Asks the keeper at a socket; `undefined`: there is none. */
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
