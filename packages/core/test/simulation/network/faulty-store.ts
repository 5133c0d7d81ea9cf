import { type Runtime, type Store, StoreUnavailableError } from '@sync/core'
import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  Head,
  HeadQuery,
  KeyPage,
  KeyQuery,
  LoadResult,
  LogPage,
  LogPosition,
  Scope,
  SectionRef,
  StoreCapabilities,
  TouchRequest,
} from '@sync/core/adapter'
import type { NetworkState } from './network-state.ts'
import { type CommitHandler, type RefusalLog, refusingCommits, refusingReads } from './refusals.ts'

/** Maximum time that a client waits for a reply. */
const CLIENT_TIMEOUT_MS = 60
/** Maximum delay of a request that its client has given up. */
const MAX_ARRIVAL_DELAY_MS = 400

/** A process's connection to the store, with faults. Requests of a crashed process may still arrive, but get no reply. */
export class FaultyStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #server: Store
  readonly #reads: ReturnType<typeof refusingReads>
  readonly #commits: CommitHandler
  readonly #network: NetworkState
  readonly #refusals: RefusalLog
  readonly #time: Runtime
  #disconnected = false

  constructor(server: Store, commits: CommitHandler, { network, refusals, time }: FaultyStoreDeps) {
    this.capabilities = server.capabilities
    this.#server = server
    this.#reads = refusingReads(server, network)
    this.#commits = refusingCommits(commits, server, network, () => time.random())
    this.#network = network
    this.#refusals = refusals
    this.#time = time
  }

  load(refs: readonly DocumentRef[]): Promise<LoadResult[]> {
    return this.#read(() => this.#reads.load(refs))
  }

  commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    return this.#refusals.recordCommits(group, this.#sendCommits(group))
  }

  async #sendCommits(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    if (this.#network.commitsToDelay > 0 && this.#network.store === 'open') {
      this.#network.commitsToDelay--
      const arrivalDelay = this.#time.random() * MAX_ARRIVAL_DELAY_MS
      // the client no longer waits for the answer, not even for a refusal
      this.#time.schedule(() => void this.#commits(group).catch(() => {}), arrivalDelay)
      await this.#pause(Math.min(arrivalDelay, this.#time.random() * CLIENT_TIMEOUT_MS))
      throw unavailable('unknown')
    }
    return this.#send('unknown', () => this.#commits(group))
  }

  changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage> {
    return this.#read(() => this.#reads.changesSince(scope, after, limit))
  }

  heads(queries: readonly HeadQuery[]): Promise<Head[]> {
    return this.#read(() => this.#reads.heads(queries))
  }

  touch(refs: readonly TouchRequest[]): Promise<void> {
    return this.#read(() => this.#reads.touch(refs))
  }

  keys(section: SectionRef, query: KeyQuery): Promise<KeyPage> {
    return this.#read(() => this.#reads.keys(section, query))
  }

  /** Disconnects when the process crashes. */
  disconnect(): void {
    this.#disconnected = true
  }

  async close(): Promise<void> {
    await this.#server.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #read<R>(work: () => Promise<R>): Promise<R> {
    return this.#refusals.record(this.#send('no', work))
  }

  async #send<R>(committed: 'no' | 'unknown', work: () => Promise<R>): Promise<R> {
    if (this.#disconnected) return never()
    const network = this.#network
    const { store } = network
    if (store === 'unavailable') throw unavailable(committed)
    if (store === 'requests lost') return this.#timeOut(committed)
    if (network.maxDelay > 0) await this.#pause(this.#time.random() * network.maxDelay)
    // a refusal is an answer too: its reply can be late or lost
    const [answer] = await Promise.allSettled([work()])
    if (committed === 'unknown' && network.repliesToLose > 0) {
      network.repliesToLose--
      throw unavailable(committed)
    }
    // the network may have changed while the store was working
    if (network.store === 'unavailable') throw unavailable(committed)
    if (network.store === 'replies lost') return this.#timeOut(committed)
    if (network.maxDelay > 0) await this.#pause(this.#time.random() * network.maxDelay)
    if (this.#disconnected) return never()
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  }

  async #timeOut(committed: 'no' | 'unknown'): Promise<never> {
    await this.#pause(this.#time.random() * CLIENT_TIMEOUT_MS)
    if (this.#disconnected) return never()
    throw unavailable(committed)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.schedule(resolve, ms))
  }
}

/** Collaborators of {@link FaultyStore}. */
interface FaultyStoreDeps {
  readonly network: NetworkState
  readonly refusals: RefusalLog
  readonly time: Runtime
}

const unavailable = (committed: 'no' | 'unknown'): StoreUnavailableError =>
  new StoreUnavailableError('the store is unavailable', committed)

const never = (): Promise<never> => new Promise(() => {})
