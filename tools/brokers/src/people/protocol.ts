import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a keeper is asked: one line of JSON. */
export type Request =
  | { readonly ask: 'up'; readonly names: readonly string[] }
  | { readonly ask: 'status' }
  | { readonly ask: 'down' }

/** A broker that runs; with `down`, that ran. */
export interface Entry {
  readonly name: string
  readonly url: string
  readonly version: string
}

/** What a keeper answers. */
export interface Answer {
  readonly entries: readonly Entry[]
  /** What could not be started, and why. */
  readonly problems: readonly string[]
}

/** Asks the keeper at a socket; `undefined`: there is none. */
export async function askKeeper(socketPath: string, request: Request): Promise<Answer | undefined> {
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
