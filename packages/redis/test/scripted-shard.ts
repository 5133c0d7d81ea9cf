import { vi } from 'vitest'
import { compareIds, START } from '../src/bus/entry-id.ts'
import type { Command, Connection, ConnectionState, Listener } from '../src/connection/connection.ts'

export const STREAM = '{p:s}::changes'

/** An entry that was once added. `at`: when; `gone`: since when it is no longer there. */
export interface Entry {
  readonly id: string
  readonly frame: string
  readonly key: string | undefined
  readonly at: number
  gone?: number
}

interface Call {
  readonly command: Command
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: Error) => void
  outcome?: { readonly reply: unknown } | { readonly error: Error }
}

/** A stream and its channel, on a server that does each step when it is told to. */
export class ScriptedShard {
  /** All that was ever added. */
  readonly history: Entry[] = []
  readonly commands: Connection
  readonly listening: Connection
  clock = 0
  cuts = 0
  failures = 0
  /** How often entries were taken away, and how often the end of them was lost. */
  taken = 0
  tailsLost = 0
  served = 0
  #entries: Entry[] = []
  #last = START
  #added = 0
  #skew = 0
  #calls: Call[] = []
  #acknowledgements: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #messages: string[] = []
  #listener: Listener | undefined
  #subscribed = false
  /** The slot is being moved: what is told is told elsewhere. */
  #moving = false
  #server: string | undefined
  #tell: (state: ConnectionState) => void = () => {}

  constructor() {
    const shard = this
    const send = (command: Command): Promise<unknown> =>
      new Promise((resolve, reject) => this.#calls.push({ command, resolve, reject }))
    this.commands = { address: 'host:1', send } as unknown as Connection
    this.listening = {
      address: 'host:1',
      get server() {
        return shard.#server
      },
      send: () => Promise.resolve('PONG'),
      subscribe: (_: string, listener: Listener) => {
        this.#listener = listener
        return new Promise<void>((resolve, reject) => this.#acknowledgements.push({ resolve, reject }))
      },
      unsubscribe: () => Promise.resolve(),
      onState: (listener: (state: ConnectionState) => void) => {
        this.#tell = listener
        return () => {}
      },
      reset: () => {},
    } as unknown as Connection
  }

  append(key: string | undefined): void {
    const previous = this.#entries.at(-1)?.id ?? START
    const id = this.#nextId()
    const frame = `frame ${this.history.length}`
    const entry = { id, frame, key, at: this.clock }
    this.#entries.push(entry)
    this.history.push(entry)
    this.#last = id
    this.#added++
    if (this.#subscribed && !this.#moving) this.#messages.push(`${previous} ${id}${key ? ` ${key}` : ''}\n${frame}`)
  }

  /** What somebody else sends there. */
  garbage(): void {
    if (this.#subscribed) this.#messages.push('nonsense')
  }

  deliver(): void {
    const message = this.#messages.shift()
    if (message !== undefined) this.#listener?.(message)
  }

  /** A message that is lost, though the line is not. */
  swallow(): void {
    this.append(undefined)
    this.#messages.pop()
  }

  /** The server does what it was asked first. */
  serve(): void {
    const call = this.#calls.find(({ outcome }) => !outcome)
    if (!call) return
    this.served++
    call.outcome = this.#execute(call.command)
  }

  reply(): void {
    const call = this.#calls[0]
    if (!call?.outcome) return
    this.#calls.shift()
    if ('error' in call.outcome) call.reject(call.outcome.error)
    else call.resolve(call.outcome.reply)
  }

  /** What was asked first is not answered. */
  fail(): void {
    const call = this.#calls.shift()
    if (!call) return
    this.failures++
    call.reject(new Error('not answered'))
  }

  acknowledge(): void {
    const next = this.#acknowledgements.shift()
    if (!next) return
    this.#subscribed = true
    next.resolve()
  }

  cut(): void {
    if (this.#server === undefined) return
    this.cuts++
    this.#server = undefined
    this.#subscribed = this.#moving = false
    this.#messages = []
    for (const { reject } of this.#acknowledgements.splice(0)) reject(new Error('the line is lost'))
    this.#tell('down')
  }

  mend(): void {
    if (this.#server !== undefined) return
    this.#server = `round ${this.cuts}`
    this.#tell('up')
  }

  /** Begins to move the slot; if it is being moved, the move ends. */
  move(): void {
    if (this.#moving) this.cut()
    else this.#moving = this.#subscribed
  }

  trim(): void {
    this.#take(Math.ceil(this.#entries.length / 2))
  }

  delete(): void {
    this.#take(this.#entries.length)
    this.#last = START
    this.#added = 0
  }

  /** Another server takes over, which does not have the last of it, and whose clock is behind. */
  loseTail(): void {
    this.tailsLost++
    this.#skew -= 1_000
    this.taken++
    for (const entry of this.#entries.splice(Math.ceil(this.#entries.length / 2))) entry.gone = this.clock
    this.#last = this.#entries.at(-1)?.id ?? START
    this.cut()
  }

  /** Lets everything run that runs without a step. */
  async turn(): Promise<void> {
    this.clock++
    vi.advanceTimersByTime(2_000)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Until nothing is under way any more. */
  async settle(): Promise<void> {
    if (this.#moving) this.cut()
    for (let idle = 0; idle < 3; idle++) {
      this.mend()
      while (this.#calls.length > 0 || this.#acknowledgements.length > 0 || this.#messages.length > 0) {
        idle = 0
        this.acknowledge()
        this.serve()
        this.reply()
        this.deliver()
        await this.turn()
      }
      await this.turn()
    }
  }

  #nextId(): string {
    const [ms = 0, count = 0] = this.#last.split('-').map(Number)
    const now = 1_000_000 + this.clock + this.#skew
    return now > ms ? `${now}-0` : `${ms}-${count + 1}`
  }

  #take(count: number): void {
    if (count === 0) return
    this.taken++
    for (const entry of this.#entries.splice(0, count)) entry.gone = this.clock
  }

  #execute([name, , from = '', , , count]: Command): { readonly reply: unknown } | { readonly error: Error } {
    if (name === 'XRANGE') {
      const found = this.#entries.filter(({ id }) => compareIds(id, from) >= 0).slice(0, Number(count))
      return { reply: found.map(({ id, frame, key }) => [id, ['frame', frame, ...(key ? ['key', key] : [])]]) }
    }
    if (name !== 'XINFO') throw new TypeError(`unexpected: ${name}`)
    if (this.#added === 0) return { error: new Error('ERR no such key') }
    const first = this.#entries[0]
    const info = {
      length: this.#entries.length,
      'entries-added': this.#added,
      'last-generated-id': this.#last,
      'first-entry': first ? [first.id, []] : null,
    }
    return { reply: Object.entries(info).flat() }
  }
}
