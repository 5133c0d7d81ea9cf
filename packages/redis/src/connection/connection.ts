/**
 * State of a connection.
 * - `up`: ready for commands, without the subscriptions it had before.
 * - `down`: lost, and being reopened.
 */
export type ConnectionState = 'up' | 'down'

/** A command with its arguments. */
export type Command = readonly [name: string, ...args: string[]]

/** Receives the messages of one channel. */
export type MessageListener = (message: string) => void

/**
 * A connection to Redis, independent of the client package.
 *
 * A command is sent at most once. It rejects if the connection is lost before the reply, and is never sent again.
 */
export interface Connection {
  readonly layout: { readonly cluster: boolean }
  readonly database: number
  /** Host and port, or socket path, for messages. Contains no credentials. */
  readonly address: string
  /**
   * Id of the server that the connection leads to, which changes at each start of the server. For a cluster, the ids of its nodes
   * (see `isSameServer`). `undefined` while the connection is down or the id is unknown.
   */
  readonly serverId: string | undefined
  /** The server's last error that denies access. `undefined` if it grants access, or is unavailable. */
  readonly rejection?: Error | undefined
  /** Sends a command. `key` is one of its keys, and routes the command in a cluster. */
  send(command: Command, key?: string): Promise<unknown>
  /** Resolves when the server has acknowledged the subscription. One listener per channel. */
  subscribe(channel: string, listener: MessageListener): Promise<void>
  unsubscribe(channel: string): Promise<void>
  /** Calls `listener` for each state change. Returns an unsubscribe function. */
  onState(listener: (state: ConnectionState) => void): () => void
  /** Opens a second connection to the same server or cluster. The caller closes it. */
  fork(): Connection
  /** Closes the connection and reopens it. */
  reconnect(): void
  close(): Promise<void>
}
