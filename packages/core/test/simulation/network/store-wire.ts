import { type Runtime, type Store, StoreAwayError } from '@sync/core'
import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  Head,
  HeadQuestion,
  Loaded,
  LogPage,
  Place,
  Scope,
  SectionRef,
  StoreCapabilities,
  TouchRequest,
} from '@sync/core/adapter'
import type { Ways } from './ways.ts'

/** Does a commit at the store, when it has arrived there. */
export type Commits = (group: readonly CommitRequest[]) => Promise<CommitResult[]>

/** After so many ms at most a client no longer waits for a reply. */
const PATIENCE = 60
/** Within so many ms a request that its client has given up may still arrive. */
const LATEST = 400

/** A process's way to the store. What is on it when the process ends may still arrive; no answer comes any more. */
export class StoreWire implements Store {
  readonly capabilities: StoreCapabilities
  readonly #server: Store
  readonly #commits: Commits
  readonly #ways: Ways
  readonly #time: Runtime
  #cut = false

  constructor(server: Store, commits: Commits, ways: Ways, time: Runtime) {
    this.capabilities = server.capabilities
    this.#server = server
    this.#commits = commits
    this.#ways = ways
    this.#time = time
  }

  load(refs: readonly DocumentRef[]): Promise<Loaded[]> {
    return this.#read(() => this.#server.load(refs))
  }

  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    if (this.#ways.toLinger > 0 && this.#ways.store === 'open') {
      this.#ways.toLinger--
      const later = this.#time.random() * LATEST
      this.#time.schedule(() => void this.#commits(group), later)
      await this.#pause(Math.min(later, this.#time.random() * PATIENCE))
      throw away('unknown')
    }
    return this.#send('unknown', () => this.#commits(group))
  }

  changesSince(scope: Scope, after: Place, limit: number): Promise<LogPage> {
    return this.#read(() => this.#server.changesSince(scope, after, limit))
  }

  heads(asked: readonly HeadQuestion[]): Promise<Head[]> {
    return this.#read(() => this.#server.heads(asked))
  }

  touch(refs: readonly TouchRequest[]): Promise<void> {
    return this.#read(() => this.#server.touch(refs))
  }

  async *keys(section: SectionRef, options?: { readonly prefix?: string }): AsyncGenerator<string, undefined> {
    yield* await this.#read(async () => {
      const keys: string[] = []
      for await (const key of this.#server.keys(section, options)) keys.push(key)
      return keys
    })
  }

  /** The process ends. */
  cut(): void {
    this.#cut = true
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #read<R>(work: () => Promise<R>): Promise<R> {
    return this.#send('no', work)
  }

  async #send<R>(committed: 'no' | 'unknown', work: () => Promise<R>): Promise<R> {
    if (this.#cut) return never()
    const ways = this.#ways
    const { store } = ways
    if (store === 'away') throw away(committed)
    if (store === 'requests lost') return this.#inVain(committed)
    if (ways.slow > 0) await this.#pause(this.#time.random() * ways.slow)
    const answer = await work()
    if (committed === 'unknown' && ways.repliesToLose > 0) {
      ways.repliesToLose--
      throw away(committed)
    }
    // in between the line may have been cut
    if (ways.store === 'away') throw away(committed)
    if (ways.store === 'replies lost') return this.#inVain(committed)
    if (ways.slow > 0) await this.#pause(this.#time.random() * ways.slow)
    return this.#cut ? never() : answer
  }

  async #inVain(committed: 'no' | 'unknown'): Promise<never> {
    await this.#pause(this.#time.random() * PATIENCE)
    if (this.#cut) return never()
    throw away(committed)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.schedule(resolve, ms))
  }
}

const away = (committed: 'no' | 'unknown'): StoreAwayError => new StoreAwayError('the store is away', committed)

const never = (): Promise<never> => new Promise(() => {})
