/** Somewhere that documents can live, or something that carries changes. */
export interface Backend {
  /** For people; holds no password. */
  readonly name: string
  readonly url: string
}

/** A server that was started here, and so may be harmed. */
export interface Server extends AsyncDisposable {
  readonly name: string
  /** What can be had on it. */
  readonly stores: readonly Backend[]
  readonly buses: readonly Backend[]
  /** It dies at once. */
  kill(): Promise<void>
  /** It comes back with the data that it had. */
  restart(): Promise<void>
  /**
   * As a crash of its machine: it dies and comes back without the last of what it wrote. Answers what went, in words. Absent: it
   * stores nothing, or what it stores cannot be cut.
   */
  readonly loseTail?: (writes: number) => Promise<string>
}
