/** What becomes of a connection. `up`: ready for commands, its subscriptions gone. `down`: lost; it is being opened again. */
export type ConnectionState = 'up' | 'down'

/** A command: its name and arguments. */
export type Command = readonly [name: string, ...args: string[]]

/** Takes what is published on a channel. */
export type MessageListener = (message: string) => void

/**
 * One connection to a Redis, whichever client is behind it: all that this package needs of one.
 *
 * A command is sent once, or not at all: it rejects when the connection is lost before the reply. Nothing is sent again.
 */
export interface Connection {
  readonly layout: { readonly cluster: boolean }
  readonly database: number
  /** Where it leads, for people: no password. */
  readonly address: string
  /**
   * Which server it leads to now, new at every start of one; of a cluster, which nodes (see `isSameServer`). `undefined`: it is
   * down, or not known.
   */
  readonly serverId: string | undefined
  /** Why the server does not let us in, as it said last; `undefined`: it does, or cannot be reached. */
  readonly rejection?: Error | undefined
  /** `key`: one of those that it is about, where its arguments do not say so by themselves. */
  send(command: Command, key?: string): Promise<unknown>
  /** Resolves when the server has acknowledged it. One listener per channel. */
  subscribe(channel: string, listener: MessageListener): Promise<void>
  unsubscribe(channel: string): Promise<void>
  onState(listener: (state: ConnectionState) => void): () => void
  /** A connection of its own to the same place, to be closed by itself. */
  fork(): Connection
  /** Drops the line and opens it again. */
  reconnect(): void
  close(): Promise<void>
}
