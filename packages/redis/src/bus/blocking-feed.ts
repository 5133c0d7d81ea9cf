import { BusUnavailableError } from '@sync/core'
import type { Connection } from '../connection/connection.ts'
import { ReadySignal } from '../connection/ready-signal.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { busClosedError } from '../errors.ts'
import type { Connectivity } from './connectivity.ts'
import { retainsAllAfter } from './entry-id.ts'
import { endsBefore, PAGE_SIZE, readStreamRange } from './stream-pages.ts'
import type { StreamFeed } from './stream-reader.ts'
import { parseReadReply, type StreamEntry } from './stream-replies.ts'
import { type StreamSubscribers, sleep } from './stream-subscribers.ts'

/** Feed for one server: a single connection with a blocking XREAD on all streams. */
export class BlockingFeed implements StreamFeed {
  readonly #commands: Connection
  readonly #listening: Connection
  readonly #blockMs: number
  /** A read of this many entries may have missed earlier ones: the stream may have been trimmed past the cursor. */
  readonly #overrunThreshold: number
  readonly #connectivity: Connectivity
  readonly #streams = new Map<string, StreamSubscribers>()
  readonly #readySignal = new ReadySignal()
  #clientId: string | undefined
  #closed = false
  /** True if the connection is up and the cursors match the server's streams. */
  #ready = false
  #blocked = false
  /** Number of blocking reads so far. */
  #blockedReads = 0
  #wake: () => void = () => {}

  constructor(
    connections: { readonly commands: Connection; readonly listening: Connection },
    options: { readonly timeout: number; readonly maxFrames: number },
    connectivity: Connectivity,
  ) {
    this.#commands = connections.commands
    this.#listening = connections.listening
    // a blocking read must return before the reply timeout closes the connection
    this.#blockMs = Math.ceil(Math.min(1_000, options.timeout / 2))
    this.#overrunThreshold = Math.min(PAGE_SIZE, options.maxFrames)
    this.#connectivity = connectivity
    this.#listening.onState((state) => {
      if (state === 'down') this.#onDown()
      else void this.#realignCursors()
    })
    void this.#run()
  }

  async attach(stream: StreamSubscribers): Promise<() => void> {
    const { name } = stream
    // the blocking read serves all streams and has no caller: a missing permission must be found here
    await this.#commands.send(['XREAD', 'COUNT', '1', 'STREAMS', name, '$'], name)
    if (this.#closed) throw busClosedError()
    this.#streams.set(name, stream)
    const detach = (): void => {
      if (this.#streams.get(name) === stream) this.#streams.delete(name)
    }
    try {
      // the blocking read in progress does not include this stream
      await this.#unblock()
      if (!this.#ready) await this.#readySignal.promise
      return detach
    } catch (error) {
      detach()
      throw error
    }
  }

  close(): void {
    this.#closed = true
    this.#streams.clear()
    this.#readySignal.reject(busClosedError())
    this.#unblock().catch(() => {})
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      if (!this.#ready || this.#streams.size === 0) {
        // without streams nothing can be missed
        this.#connectivity.set(this.#ready)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const streams = [...this.#streams.values()]
      this.#blocked = true
      this.#blockedReads++
      const reply = await this.#listening
        .send([
          'XREAD',
          'COUNT',
          `${PAGE_SIZE}`,
          'BLOCK',
          `${this.#blockMs}`,
          'STREAMS',
          ...streams.map(({ name }) => name),
          ...streams.map(({ cursor }) => cursor),
        ])
        .catch(() => undefined)
      this.#blocked = false
      if (reply === undefined) {
        // rejected, or the connection was lost: pause instead of spinning
        this.#connectivity.set(false)
        await sleep(retryDelay(failures++))
        continue
      }
      failures = 0
      this.#connectivity.set(this.#ready)
      for (const [name, entries] of parseReadReply(reply)) await this.#deliver(name, entries)
    }
  }

  async #deliver(name: string, entries: readonly StreamEntry[]): Promise<void> {
    const stream = this.#streams.get(name)
    if (!stream) return
    const from = stream.cursor
    stream.deliver(entries)
    if (entries.length < this.#overrunThreshold) return
    // if the connection is lost here, its `down` reports the possible loss
    const range = await readStreamRange(this.#commands, name).catch(() => undefined)
    if (range && !retainsAllAfter(from, range)) this.#connectivity.pulse()
  }

  /**
   * After a reconnect, moves each cursor that lies beyond its stream's end back to that end. The `up` that follows makes subscribers
   * check the store.
   */
  async #realignCursors(): Promise<void> {
    try {
      this.#clientId = String(await this.#listening.send(['CLIENT', 'ID']))
      for (const stream of this.#streams.values()) {
        const range = await readStreamRange(this.#commands, stream.name)
        if (endsBefore(stream.cursor, range)) stream.resetTo(range.last)
      }
    } catch {
      this.#listening.reconnect()
      return
    }
    if (this.#closed || this.#listening.serverId === undefined) return
    this.#ready = true
    this.#connectivity.set(true)
    this.#readySignal.resolve()
    this.#wake()
  }

  #onDown(): void {
    this.#ready = false
    this.#clientId = undefined
    const { rejection, address } = this.#listening
    this.#readySignal.reject(rejection ?? new BusUnavailableError(`Redis at ${address} is unavailable`))
    this.#connectivity.set(false)
  }

  /** Ends the blocking read in progress. */
  async #unblock(): Promise<void> {
    this.#wake()
    const blockedRead = this.#blockedReads
    // the UNBLOCK can overtake the blocking read, which uses another connection: repeat until one has an effect
    while (this.#blocked && this.#blockedReads === blockedRead && this.#clientId !== undefined) {
      const unblocked = await this.#commands.send(['CLIENT', 'UNBLOCK', this.#clientId])
      if (Number(unblocked) === 1) return
    }
  }
}
