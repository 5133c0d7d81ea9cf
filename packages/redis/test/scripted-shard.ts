import { vi } from 'vitest'
import { compareEntryIds, STREAM_START } from '../src/bus/entry-id.ts'
import type { Command, Connection, ConnectionState, MessageListener } from '../src/connection/connection.ts'

export const STREAM = '{p:s}::changes'

/** An entry that was added at some time, and may have been removed since. */
export interface Entry {
  readonly id: string
  readonly frame: string
  readonly key: string | undefined
  /** Clock value when the entry was added. */
  readonly at: number
  /** Clock value when the entry was removed; absent while the stream has it. */
  removedAt?: number
}

interface Call {
  readonly command: Command
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: Error) => void
  outcome?: { readonly reply: unknown } | { readonly error: Error }
}

/** A stream and its channel on a simulated server, which executes one step per call. */
export class ScriptedShard {
  /** Every entry ever added. */
  readonly history: Entry[] = []
  readonly commands: Connection
  readonly listening: Connection
  clock = 0
  cuts = 0
  failures = 0
  /** Number of steps that removed entries. */
  trims = 0
  /** Number of fail-overs that lost the last entries. */
  lostTails = 0
  executed = 0
  #entries: Entry[] = []
  #last = STREAM_START
  #added = 0
  #skew = 0
  #calls: Call[] = []
  #acknowledgements: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  #messages: string[] = []
  #listener: MessageListener | undefined
  #subscribed = false
  /** True while the slot migrates. Then pushes reach only subscribers on the other node. */
  #moving = false
  #serverId: string | undefined
  #emitState: (state: ConnectionState) => void = () => {}

  constructor() {
    const shard = this
    const send = (command: Command): Promise<unknown> =>
      new Promise((resolve, reject) => this.#calls.push({ command, resolve, reject }))
    this.commands = { address: 'host:1', send } as unknown as Connection
    this.listening = {
      address: 'host:1',
      get serverId() {
        return shard.#serverId
      },
      send: () => Promise.resolve('PONG'),
      subscribe: (_: string, listener: MessageListener) => {
        this.#listener = listener
        return new Promise<void>((resolve, reject) => this.#acknowledgements.push({ resolve, reject }))
      },
      unsubscribe: () => Promise.resolve(),
      onState: (listener: (state: ConnectionState) => void) => {
        this.#emitState = listener
        return () => {}
      },
      reconnect: () => {},
    } as unknown as Connection
  }

  append(key: string | undefined): void {
    const previous = this.#entries.at(-1)?.id ?? STREAM_START
    const id = this.#nextId()
    const frame = `frame ${this.history.length}`
    const entry = { id, frame, key, at: this.clock }
    this.#entries.push(entry)
    this.history.push(entry)
    this.#last = id
    this.#added++
    if (this.#subscribed && !this.#moving) this.#messages.push(`${previous} ${id}${key ? ` ${key}` : ''}\n${frame}`)
  }

  /** Pushes a message of a foreign format. */
  pushGarbage(): void {
    if (this.#subscribed) this.#messages.push('nonsense')
  }

  deliver(): void {
    const message = this.#messages.shift()
    if (message !== undefined) this.#listener?.(message)
  }

  /** Appends an entry and loses its message, without losing the connection. */
  loseMessage(): void {
    this.append(undefined)
    this.#messages.pop()
  }

  /** Executes the oldest pending call. */
  executeNext(): void {
    const call = this.#calls.find(({ outcome }) => !outcome)
    if (!call) return
    this.executed++
    call.outcome = this.#execute(call.command)
  }

  reply(): void {
    const call = this.#calls[0]
    if (!call?.outcome) return
    this.#calls.shift()
    if ('error' in call.outcome) call.reject(call.outcome.error)
    else call.resolve(call.outcome.reply)
  }

  /** Rejects the oldest call without a reply. */
  fail(): void {
    const call = this.#calls.shift()
    if (!call) return
    this.failures++
    call.reject(new Error('no reply'))
  }

  acknowledge(): void {
    const next = this.#acknowledgements.shift()
    if (!next) return
    this.#subscribed = true
    next.resolve()
  }

  cut(): void {
    if (this.#serverId === undefined) return
    this.cuts++
    this.#serverId = undefined
    this.#subscribed = this.#moving = false
    this.#messages = []
    for (const { reject } of this.#acknowledgements.splice(0)) reject(new Error('the connection is lost'))
    this.#emitState('down')
  }

  restoreConnection(): void {
    if (this.#serverId !== undefined) return
    this.#serverId = `round ${this.cuts}`
    this.#emitState('up')
  }

  /** Starts migrating the slot, or completes the migration. */
  toggleMove(): void {
    if (this.#moving) this.cut()
    else this.#moving = this.#subscribed
  }

  trim(): void {
    this.#removeOldest(Math.ceil(this.#entries.length / 2))
  }

  delete(): void {
    this.#removeOldest(this.#entries.length)
    this.#last = STREAM_START
    this.#added = 0
  }

  /** Fails over to a server that lacks the last entries and whose clock is behind. */
  loseTail(): void {
    this.lostTails++
    this.#skew -= 1_000
    this.trims++
    for (const entry of this.#entries.splice(Math.ceil(this.#entries.length / 2))) entry.removedAt = this.clock
    this.#last = this.#entries.at(-1)?.id ?? STREAM_START
    this.cut()
  }

  /** Runs timers and microtasks. */
  async tick(): Promise<void> {
    this.clock++
    vi.advanceTimersByTime(2_000)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Executes and delivers everything until nothing is pending. */
  async settle(): Promise<void> {
    if (this.#moving) this.cut()
    for (let idle = 0; idle < 3; idle++) {
      this.restoreConnection()
      while (this.#calls.length > 0 || this.#acknowledgements.length > 0 || this.#messages.length > 0) {
        idle = 0
        this.acknowledge()
        this.executeNext()
        this.reply()
        this.deliver()
        await this.tick()
      }
      await this.tick()
    }
  }

  #nextId(): string {
    const [ms = 0, count = 0] = this.#last.split('-').map(Number)
    const now = 1_000_000 + this.clock + this.#skew
    return now > ms ? `${now}-0` : `${ms}-${count + 1}`
  }

  #removeOldest(count: number): void {
    if (count === 0) return
    this.trims++
    for (const entry of this.#entries.splice(0, count)) entry.removedAt = this.clock
  }

  #execute([name, , from = '', , , count]: Command): { readonly reply: unknown } | { readonly error: Error } {
    if (name === 'XRANGE') {
      const found = this.#entries.filter(({ id }) => compareEntryIds(id, from) >= 0).slice(0, Number(count))
      return { reply: found.map(({ id, frame, key }) => [id, ['frame', frame, ...(key ? ['key', key] : [])]]) }
    }
    if (name !== 'XINFO') throw new TypeError(`expected XRANGE or XINFO, got ${name}`)
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
