import { BusAwayError } from '@sync/core'
import { Arrival } from '../connection/arrival.ts'
import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { busClosed } from '../errors.ts'
import { reachesBackTo } from './entry-id.ts'
import type { Standing } from './standing.ts'
import { pause, type StreamHearers } from './stream-hearers.ts'
import { endsBefore, extentOf, PAGE } from './stream-pages.ts'
import type { StreamFeed } from './stream-reader.ts'
import { readingOf, type StreamEntry } from './stream-replies.ts'

/** One connection that waits for new entries of all streams at once. */
export class BlockingFeed implements StreamFeed {
  readonly #commands: Connection
  readonly #listening: Connection
  readonly #blockMs: number
  /** So many at once, and some before them may have been taken away. */
  readonly #many: number
  readonly #standing: Standing
  readonly #streams = new Map<string, StreamHearers>()
  readonly #arrival = new Arrival()
  #client: string | undefined
  #closed = false
  /** The line is up, and the cursors fit. */
  #live = false
  #waiting = false
  /** How often it has waited. */
  #waits = 0
  #wake: () => void = () => {}

  constructor(
    lines: { readonly commands: Connection; readonly listening: Connection },
    options: { readonly timeout: number; readonly maxFrames: number },
    standing: Standing,
  ) {
    this.#commands = lines.commands
    this.#listening = lines.listening
    // an answer has to come before the line counts as dead
    this.#blockMs = Math.ceil(Math.min(1_000, options.timeout / 2))
    this.#many = Math.min(PAGE, options.maxFrames)
    this.#standing = standing
    this.#listening.onState((state) => {
      if (state === 'down') this.#down()
      else void this.#restore()
    })
    void this.#run()
  }

  async follow(stream: StreamHearers): Promise<() => void> {
    const { name } = stream
    // the connection that waits has nobody to tell that it may not
    await this.#commands.send(['XREAD', 'COUNT', '1', 'STREAMS', name, '$'], name)
    if (this.#closed) throw busClosed()
    this.#streams.set(name, stream)
    const end = (): void => {
      if (this.#streams.get(name) === stream) this.#streams.delete(name)
    }
    try {
      // what waits now does not wait for this stream
      await this.#interrupt()
      if (!this.#live) await this.#arrival.promise
      return end
    } catch (error) {
      end()
      throw error
    }
  }

  close(): void {
    this.#closed = true
    this.#streams.clear()
    this.#arrival.failed(busClosed())
    this.#interrupt().catch(() => {})
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      if (!this.#live || this.#streams.size === 0) {
        // where nothing is followed nothing is missed
        this.#standing.is(this.#live)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const asked = [...this.#streams.values()]
      this.#waiting = true
      this.#waits++
      const reply = await this.#listening
        .send([
          'XREAD',
          'COUNT',
          `${PAGE}`,
          'BLOCK',
          `${this.#blockMs}`,
          'STREAMS',
          ...asked.map(({ name }) => name),
          ...asked.map(({ cursor }) => cursor),
        ])
        .catch(() => undefined)
      this.#waiting = false
      if (reply === undefined) {
        // refused, or the line was lost: not again in the same step
        this.#standing.is(false)
        await pause(retryDelay(failures++))
        continue
      }
      failures = 0
      this.#standing.is(this.#live)
      for (const [name, entries] of readingOf(reply)) await this.#take(name, entries)
    }
  }

  async #take(name: string, entries: readonly StreamEntry[]): Promise<void> {
    const stream = this.#streams.get(name)
    if (!stream) return
    const from = stream.cursor
    stream.take(entries)
    if (entries.length < this.#many) return
    // a line that is lost meanwhile is told anyway
    const extent = await extentOf(this.#commands, name).catch(() => undefined)
    if (extent && !reachesBackTo(from, extent)) this.#standing.lost()
  }

  /** Where the cursors do not fit what the server has now, they are set anew; those who listen are told to ask the store. */
  async #restore(): Promise<void> {
    try {
      this.#client = String(await this.#listening.send(['CLIENT', 'ID']))
      for (const stream of this.#streams.values()) {
        const extent = await extentOf(this.#commands, stream.name)
        if (endsBefore(stream.cursor, extent)) stream.restart(extent.last)
      }
    } catch {
      this.#listening.reset()
      return
    }
    if (this.#closed || this.#listening.server === undefined) return
    this.#live = true
    this.#standing.is(true)
    this.#arrival.arrived()
    this.#wake()
  }

  #down(): void {
    this.#live = false
    this.#client = undefined
    const { refused, address } = this.#listening
    this.#arrival.failed(refused ?? new BusAwayError(`Redis at ${address} cannot be reached`))
    this.#standing.is(false)
  }

  /** Ends the wait of the listening connection. */
  async #interrupt(): Promise<void> {
    this.#wake()
    const wait = this.#waits
    // the call that waits may come to the server later than what is to end it
    while (this.#waiting && this.#waits === wait && this.#client !== undefined) {
      const ended = await this.#commands.send(['CLIENT', 'UNBLOCK', this.#client])
      if (Number(ended) === 1) return
    }
  }
}
