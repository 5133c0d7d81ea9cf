import { setTimeout as sleep } from 'node:timers/promises'
import { type Collection, type Position, type Sync, SyncError, type Write } from '@sync/core'
import type { LedgerFile, NewIntent, NewOutcome } from '../ledger/file.ts'
import { now } from './clock.ts'
import { createDice, type Dice } from './dice.ts'
import { COUNTED, type Document, documents, MARKED, place, TOTAL } from './documents.ts'
import type { Task } from './messages.ts'
import { Registers } from './registers.ts'

/** What a writer is made of. */
export interface WriterOptions {
  readonly name: string
  readonly sync: Sync
  readonly ledger: LedgerFile
  readonly seed: number
  /** Writes per second. */
  readonly rate: number
  readonly work: Task['work']
  readonly acknowledged: (position: Position, begunAt: number) => void
  readonly wrong: (what: string) => void
}

/** So many writes at most are under way: while the store is away they wait, and no more are begun. */
const MOST_PENDING = 64
/** How long those that do not wait for ever do. */
const PATIENCE = '2s'

/** Writes for ever, with a line in the ledger before and after each. */
export class Writer {
  readonly #options: WriterOptions
  readonly #collection: Collection<Document>
  readonly #dice: Dice
  readonly #registers: Registers
  readonly #stop = new AbortController()
  readonly #pending = new Set<Promise<void>>()
  /** Documents of its own that nobody removes any more but itself. */
  readonly #made: string[] = []
  readonly #running: Promise<void>

  constructor(options: WriterOptions) {
    this.#options = options
    this.#collection = options.sync.collection(documents, place)
    this.#dice = createDice(options.seed)
    this.#registers = new Registers({
      ...options,
      collection: this.#collection,
      dice: this.#dice,
      failed: (what, error) => this.#failed(what, error),
    })
    this.#running = this.#run()
  }

  /** Begins no further write, and resolves when none is under way. Answers how many still were at the deadline. */
  async stop(deadlineMs: number): Promise<number> {
    this.#stop.abort()
    await this.#running
    await Promise.race([Promise.all(this.#pending), sleep(deadlineMs, undefined, { ref: false })])
    return this.#pending.size
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    await this.#collection.ready({ signal })
    while (!signal.aborted) {
      if (this.#pending.size < MOST_PENDING) this.#begin()
      await sleep(1_000 / this.#options.rate, undefined, { signal }).catch(() => {})
    }
  }

  #begin(): void {
    const done: Promise<void> = this.#write().finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }

  #write(): Promise<void> {
    const dice = this.#dice
    const { name } = this.#options
    const options: Write = dice.chance(0.4) ? { timeout: PATIENCE } : {}
    const chosen = dice.int(this.#options.work === 'all' ? 14 : 10)
    if (chosen >= 10) return this.#registers.compareAndSet()
    if (chosen < 4) {
      const key = dice.pick(MARKED)
      return this.#do({ op: 'mark', key }, (n) => this.#collection.set(key, { [name]: n }, options))
    }
    if (chosen < 8) {
      const key = dice.pick(COUNTED)
      return this.#do({ op: 'count', key }, () => this.#collection.update(key, (draft) => add(draft, name), options))
    }
    if (chosen < 9 || this.#made.length < 20) return this.#make(options)
    const key = this.#made.splice(dice.int(this.#made.length), 1)[0] as string
    return this.#do({ op: 'remove', key }, async () => void (await this.#collection.delete(key, options)))
  }

  async #make(options: Write): Promise<void> {
    const key = `made-${this.#options.name}-${now()}`
    await this.#do({ op: 'make', key }, async (n) => {
      const { entry } = await this.#collection.create(key, { n }, options)
      this.#made.push(key)
      return entry
    })
  }

  async #do(
    intent: NewIntent,
    write: (n: number) => Promise<{ readonly position: Position; readonly version: number } | void>,
  ): Promise<void> {
    const { ledger, acknowledged } = this.#options
    const begunAt = now()
    const n = ledger.begin(intent)
    try {
      const written = await write(n)
      ledger.end(n, { is: 'acknowledged', ...(written && { position: written.position, version: written.version }) })
      if (written) acknowledged(written.position, begunAt)
    } catch (error) {
      ledger.end(n, this.#failed(`${intent.op} of ${intent.key}`, error))
    }
  }

  #failed(what: string, error: unknown): NewOutcome {
    if (error instanceof SyncError) return { is: error.committed === 'no' ? 'refused' : 'unknown', code: error.code }
    this.#options.wrong(`${what}: ${error instanceof Error ? error.stack : String(error)}`)
    return { is: 'unknown', code: 'none' }
  }
}

function add(draft: Document, name: string): void {
  const counts = draft as Record<string, number>
  for (const field of [name, TOTAL]) counts[field] = (counts[field] ?? 0) + 1
}
