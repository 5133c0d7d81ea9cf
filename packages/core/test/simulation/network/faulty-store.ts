import { type Runtime, type Store, StoreUnavailableError } from '@sync/core'
import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  Head,
  HeadQuery,
  LoadResult,
  LogPage,
  LogPosition,
  Scope,
  SectionRef,
  StoreCapabilities,
  TouchRequest,
} from '@sync/core/adapter'
import type { NetworkState } from './network-state.ts'

/** Does a commit at the store, when it has arrived there. */
export type CommitHandler = (group: readonly CommitRequest[]) => Promise<CommitResult[]>

/** After so many ms at most a client no longer waits for a reply. */
const CLIENT_TIMEOUT_MS = 60
/** Within so many ms a request that its client has given up may still arrive. */
const MAX_ARRIVAL_DELAY_MS = 400

/** A process's way to the store. What is on it when the process ends may still arrive; no answer comes any more. */
export class FaultyStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #server: Store
  readonly #commits: CommitHandler
  readonly #network: NetworkState
  readonly #time: Runtime
  #cut = false

  constructor(server: Store, commits: CommitHandler, ways: NetworkState, time: Runtime) {
    this.capabilities = server.capabilities
    this.#server = server
    this.#commits = commits
    this.#network = ways
    this.#time = time
  }

  load(refs: readonly DocumentRef[]): Promise<LoadResult[]> {
    return this.#read(() => this.#server.load(refs))
  }

  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    if (this.#network.commitsToDelay > 0 && this.#network.store === 'open') {
      this.#network.commitsToDelay--
      const later = this.#time.random() * MAX_ARRIVAL_DELAY_MS
      this.#time.schedule(() => void this.#commits(group), later)
      await this.#pause(Math.min(later, this.#time.random() * CLIENT_TIMEOUT_MS))
      throw unavailable('unknown')
    }
    return this.#send('unknown', () => this.#commits(group))
  }

  changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage> {
    return this.#read(() => this.#server.changesSince(scope, after, limit))
  }

  heads(asked: readonly HeadQuery[]): Promise<Head[]> {
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
    const ways = this.#network
    const { store } = ways
    if (store === 'away') throw unavailable(committed)
    if (store === 'requests lost') return this.#timeOut(committed)
    if (ways.maxDelay > 0) await this.#pause(this.#time.random() * ways.maxDelay)
    const answer = await work()
    if (committed === 'unknown' && ways.repliesToLose > 0) {
      ways.repliesToLose--
      throw unavailable(committed)
    }
    // in between the line may have been cut
    if (ways.store === 'away') throw unavailable(committed)
    if (ways.store === 'replies lost') return this.#timeOut(committed)
    if (ways.maxDelay > 0) await this.#pause(this.#time.random() * ways.maxDelay)
    return this.#cut ? never() : answer
  }

  async #timeOut(committed: 'no' | 'unknown'): Promise<never> {
    await this.#pause(this.#time.random() * CLIENT_TIMEOUT_MS)
    if (this.#cut) return never()
    throw unavailable(committed)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.schedule(resolve, ms))
  }
}

const unavailable = (committed: 'no' | 'unknown'): StoreUnavailableError =>
  new StoreUnavailableError('the store is away', committed)

const never = (): Promise<never> => new Promise(() => {})
