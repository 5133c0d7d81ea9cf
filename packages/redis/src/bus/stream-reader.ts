import { BusAwayError, ClosedError } from '@sync/core'
import type { FrameHandler, Scope } from '@sync/core/adapter'
import { Arrival } from '../connection/arrival.ts'
import type { Connection } from '../connection/connection.ts'
import { checkOffset, compareIds, type Extent, START } from './entry-id.ts'
import { entriesOf, infoOf, readingOf, type StreamEntry } from './stream-replies.ts'

const PAGE = 500

/** One who hears a stream. */
interface Hearer {
  /** The key as JSON, of the scope of one document. */
  readonly key: string | undefined
  readonly handler: FrameHandler
  /** The last entry that it was shown, or need not be. */
  position: string
  /** Still reading what was there before: what is read for all is not for it yet. */
  behind: boolean
}

interface Followed {
  cursor: string
  readonly hearers: Set<Hearer>
}

/**
 * Follows streams on one connection that waits for all of them at once. Each stream is read once, from a cursor; one who
 * begins earlier reads up to it alone.
 */
export class StreamReader {
  readonly #commands: Connection
  readonly #listening: Connection
  readonly #blockMs: number
  readonly #onError: (error: unknown) => void
  readonly #told: (state: 'up' | 'down') => void
  readonly #streams = new Map<string, Followed>()
  readonly #arrival = new Arrival()
  #client: string | undefined
  #up = false
  #closed = false
  #waiting = false
  /** How often it has waited. */
  #waits = 0
  #wake: () => void = () => {}

  constructor(
    lines: { readonly commands: Connection; readonly listening: Connection },
    options: { readonly timeout: number; readonly onError: (error: unknown) => void },
    told: (state: 'up' | 'down') => void,
  ) {
    this.#commands = lines.commands
    this.#listening = lines.listening
    // an answer has to come before the line counts as dead
    this.#blockMs = Math.ceil(Math.min(1_000, options.timeout / 2))
    this.#onError = options.onError
    this.#told = told
    this.#listening.onState((state) => {
      if (state === 'down') this.#down()
      else void this.#restore()
    })
    void this.#run()
  }

  async listen(
    stream: string,
    scope: Scope,
    handler: FrameHandler,
    after: string | undefined,
  ): Promise<() => Promise<void>> {
    const key = 'key' in scope ? JSON.stringify(scope.key) : undefined
    const [extent] = await Promise.all([this.#extent(stream), this.#mayRead(stream)])
    if (after !== undefined) checkOffset(after, extent, scope)
    const { last } = extent
    const known = this.#streams.get(stream)
    const followed = known ?? { cursor: last, hearers: new Set() }
    this.#streams.set(stream, followed)
    const hearer: Hearer = { key, handler, position: after ?? last, behind: true }
    followed.hearers.add(hearer)
    const stop = async (): Promise<void> => {
      followed.hearers.delete(hearer)
      if (followed.hearers.size === 0 && this.#streams.get(stream) === followed) this.#streams.delete(stream)
    }
    try {
      // what waits now does not wait for this stream
      if (!known) await this.#interrupt()
      if (!this.#up) await this.#arrival.promise
    } catch (error) {
      await stop()
      throw error
    }
    void this.#catchUp(stream, followed, hearer)
    return stop
  }

  close(): void {
    this.#closed = true
    this.#streams.clear()
    this.#arrival.failed(new ClosedError('the bus is closed'))
    this.#interrupt().catch(() => {})
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (!this.#up || this.#streams.size === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const asked = [...this.#streams]
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
          ...asked.map(([name]) => name),
          ...asked.map(([, { cursor }]) => cursor),
        ])
        .catch(() => undefined)
      this.#waiting = false
      for (const [name, entries] of readingOf(reply)) await this.#take(name, entries)
      // refused, or the line was lost: not again in the same step
      if (reply === undefined) await pause()
    }
  }

  async #take(name: string, entries: readonly StreamEntry[]): Promise<void> {
    const followed = this.#streams.get(name)
    if (!followed) return
    for (const entry of entries) {
      followed.cursor = entry.id
      for (const hearer of [...followed.hearers]) if (!hearer.behind) this.#show(followed, hearer, entry)
    }
    // so far behind that the stream may have been trimmed before it was read
    if (entries.length === PAGE && (await this.#isTrimmed(name, entries[0]?.id ?? START))) this.#lost()
  }

  #show({ hearers }: Followed, hearer: Hearer, { id, key, frame }: StreamEntry): void {
    if (compareIds(id, hearer.position) <= 0) return
    hearer.position = id
    if (hearer.key !== key || !hearers.has(hearer)) return
    try {
      hearer.handler(frame, id)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** Reads from the hearer's own position until it stands where all stand. */
  async #catchUp(stream: string, followed: Followed, hearer: Hearer): Promise<void> {
    while (followed.hearers.has(hearer) && !this.#closed) {
      if (compareIds(hearer.position, followed.cursor) >= 0) {
        hearer.behind = false
        return
      }
      try {
        const from = `(${hearer.position}`
        const reply = await this.#commands.send(['XRANGE', stream, from, '+', 'COUNT', `${PAGE}`], stream)
        const entries = entriesOf(reply)
        if (entries.length === 0 || (await this.#isTrimmed(stream, entries[0]?.id ?? START))) this.#lost()
        for (const entry of entries) this.#show(followed, hearer, entry)
        // what all stand at was taken away: there is nothing before it any more
        if (entries.length === 0) hearer.position = followed.cursor
      } catch {
        await pause()
      }
    }
  }

  /** Where the cursors do not fit what the server has now, they are set anew; those who listen are told to ask the store. */
  async #restore(): Promise<void> {
    try {
      this.#client = String(await this.#listening.send(['CLIENT', 'ID']))
      for (const [name, followed] of this.#streams) {
        const { last } = await this.#extent(name)
        if (compareIds(last, followed.cursor) < 0) {
          followed.cursor = last
          for (const hearer of followed.hearers) hearer.position = last
        }
      }
    } catch {
      this.#listening.reset()
      return
    }
    if (this.#closed || this.#listening.server === undefined) return
    this.#up = true
    this.#told('up')
    this.#arrival.arrived()
    this.#wake()
  }

  #down(): void {
    const wasUp = this.#up
    this.#client = undefined
    this.#up = false
    const { refused, address } = this.#listening
    this.#arrival.failed(refused ?? new BusAwayError(`Redis at ${address} cannot be reached`))
    if (wasUp) this.#told('down')
  }

  #lost(): void {
    this.#told('down')
    this.#told('up')
  }

  async #isTrimmed(stream: string, id: string): Promise<boolean> {
    const { first } = await this.#extent(stream)
    return first === undefined || compareIds(id, first) < 0
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

  /** The connection that waits has nobody to tell that it may not. */
  async #mayRead(stream: string): Promise<void> {
    if (!this.#streams.has(stream)) await this.#commands.send(['XREAD', 'COUNT', '1', 'STREAMS', stream, '$'], stream)
  }

  async #extent(stream: string): Promise<Extent> {
    try {
      const info = await this.#commands.send(['XINFO', 'STREAM', stream], stream)
      const first = infoOf(info, 'first-entry') as readonly [string] | null
      return { first: first?.[0], last: String(infoOf(info, 'last-generated-id')) }
    } catch (error) {
      if (error instanceof Error && error.message.includes('no such key')) return { first: undefined, last: START }
      throw error
    }
  }
}

/** Before what failed is asked again: whether the line is up again is not ours to know. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
