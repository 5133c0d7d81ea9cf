import { setTimeout as sleep } from 'node:timers/promises'
import { type Collection, type Position, SyncError, type SyncInstance, type WriteOptions } from '@sync/core'
import type { HistoryFile, NewCompletion, NewInvocation } from '../history/history-file.ts'
import { now } from './clock.ts'
import { COUNTED_KEYS, type Document, documents, MARKED_KEYS, section, TOTAL_FIELD } from './documents.ts'
import type { Task } from './messages.ts'
import { createRandom, type Random } from './random.ts'
import { Registers } from './registers.ts'

/** Collaborators of a writer. */
export interface WriterOptions {
  readonly name: string
  readonly sync: SyncInstance
  readonly historyFile: HistoryFile
  readonly seed: number
  /** Writes per second. */
  readonly rate: number
  readonly workload: Task['workload']
  readonly onAcknowledged: (position: Position, startedAt: number) => void
  readonly reportProblem: (text: string) => void
}

/** Maximum number of pending writes. While the store is unavailable writes wait, and further ones are not started. */
const MAX_PENDING = 64
/** Timeout of those writes that have one. */
const WRITE_TIMEOUT = '2s'

/** Writes until it is stopped. Appends a line to the history file before and after each write. */
export class Writer {
  readonly #options: WriterOptions
  readonly #collection: Collection<Document>
  readonly #random: Random
  readonly #registers: Registers
  readonly #stop = new AbortController()
  readonly #pending = new Set<Promise<void>>()
  /** Documents that this writer has created. Only it deletes them. */
  readonly #createdKeys: string[] = []
  readonly #running: Promise<void>

  constructor(options: WriterOptions) {
    this.#options = options
    this.#collection = options.sync.collection(documents, section)
    this.#random = createRandom(options.seed)
    this.#registers = new Registers({
      ...options,
      collection: this.#collection,
      random: this.#random,
      classifyError: (operation, error) => this.#classifyError(operation, error),
    })
    this.#running = this.#run()
  }

  /** Starts no further writes and waits for the pending ones. Returns the number still pending at the deadline. */
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
      if (this.#pending.size < MAX_PENDING) this.#startWrite()
      await sleep(1_000 / this.#options.rate, undefined, { signal }).catch(() => {})
    }
  }

  #startWrite(): void {
    const done: Promise<void> = this.#write().finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }

  #write(): Promise<void> {
    const random = this.#random
    const { name } = this.#options
    const options: WriteOptions = random.chance(0.4) ? { timeout: WRITE_TIMEOUT } : {}
    const chosen = random.int(this.#options.workload === 'all' ? 14 : 10)
    if (chosen >= 10) return this.#registers.compareAndSet()
    if (chosen < 4) {
      const key = random.pick(MARKED_KEYS)
      return this.#perform({ op: 'mark', key }, (n) => this.#collection.assign(key, { [name]: n }, options))
    }
    if (chosen < 8) {
      const key = random.pick(COUNTED_KEYS)
      return this.#perform({ op: 'count', key }, () =>
        this.#collection.update(key, (draft) => add(draft, name), options),
      )
    }
    if (chosen < 9 || this.#createdKeys.length < 20) return this.#create(options)
    const key = this.#createdKeys.splice(random.int(this.#createdKeys.length), 1)[0] as string
    return this.#perform({ op: 'delete', key }, async () => void (await this.#collection.delete(key, options)))
  }

  async #create(options: WriteOptions): Promise<void> {
    const key = `created-${this.#options.name}-${now()}`
    await this.#perform({ op: 'create', key }, async (n) => {
      const { entry } = await this.#collection.create(key, { n }, options)
      this.#createdKeys.push(key)
      return entry
    })
  }

  async #perform(
    invocation: NewInvocation,
    write: (n: number) => Promise<{ readonly position: Position; readonly version: number } | void>,
  ): Promise<void> {
    const { historyFile, onAcknowledged } = this.#options
    const startedAt = now()
    const n = historyFile.recordInvocation(invocation)
    try {
      const written = await write(n)
      historyFile.recordCompletion(n, {
        is: 'acknowledged',
        ...(written && { position: written.position, version: written.version }),
      })
      if (written) onAcknowledged(written.position, startedAt)
    } catch (error) {
      historyFile.recordCompletion(n, this.#classifyError(`${invocation.op} of ${invocation.key}`, error))
    }
  }

  #classifyError(operation: string, error: unknown): NewCompletion {
    if (error instanceof SyncError) return { is: error.committed === 'no' ? 'rejected' : 'unknown', code: error.code }
    this.#options.reportProblem(`${operation}: ${error instanceof Error ? error.stack : String(error)}`)
    return { is: 'unknown', code: 'none' }
  }
}

function add(draft: Document, name: string): void {
  const counts = draft as Record<string, number>
  for (const field of [name, TOTAL_FIELD]) counts[field] = (counts[field] ?? 0) + 1
}
