/** A store or a bus that the system can use. */
export interface Backend {
  /** Display name, without password. */
  readonly name: string
  readonly url: string
}

/** A server that this app started, and that it can therefore kill. */
export interface Server extends AsyncDisposable {
  readonly name: string
  /** Stores on this server. */
  readonly stores: readonly Backend[]
  /** Buses on this server. */
  readonly buses: readonly Backend[]
  /** Stops the server abruptly. */
  kill(): Promise<void>
  /** Starts the server again with its data. */
  restart(): Promise<void>
  /**
   * Simulates a machine crash: the server stops and restarts without its latest writes. Returns a description of the loss. Absent if
   * the server stores nothing, or if its latest writes cannot be removed.
   */
  readonly loseTail?: (writes: number) => Promise<string>
}
