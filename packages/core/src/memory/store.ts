import type { DocumentRef, Scope, SectionRef } from '../model/address.ts'
import { ClosedError } from '../model/errors.ts'
import type { LogPosition } from '../model/position.ts'
import type {
  CommitRequest,
  CommitResult,
  Head,
  HeadQuery,
  KeyPage,
  KeyQuery,
  LoadResult,
  LogPage,
  Store,
  StoreCapabilities,
  TouchRequest,
} from '../transport/store.ts'
import type { FaultGate } from './fault-gate.ts'
import { createMemoryHub, hubParts, type MemoryHub } from './hub.ts'
import type { StoreServer } from './store-server.ts'

/**
 * Creates a store in this process's memory. It is shared by several services of one process, and serves as the embedded
 * default. Its data ends with the process.
 *
 * Each call creates an independent client of `hub` (default: a new hub). Closing the client leaves the hub open. After
 * `close` all calls reject with `SYNC_CLOSED`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `hub` was not created by `createMemoryHub`
 */
export function memoryStore(hub: MemoryHub = createMemoryHub()): Store {
  const { server, faultGate } = hubParts(hub)
  return new MemoryStore(server, faultGate)
}

class MemoryStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #server: StoreServer
  readonly #faultGate: FaultGate
  #closed = false

  constructor(server: StoreServer, faultGate: FaultGate) {
    this.#server = server
    this.#faultGate = faultGate
    const { maxCommitBytes } = server.settings
    this.capabilities = Object.freeze({ ttl: { granularityMs: 1 }, durability: 'none', maxCommitBytes })
  }

  load(refs: readonly DocumentRef[]): Promise<LoadResult[]> {
    return this.#read(refs, (given) => this.#server.load(given))
  }

  commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    return this.#call('unknown', group, (given) => {
      const results = this.#server.commit(given)
      this.#faultGate.failIfReplyLost()
      return results
    })
  }

  changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage> {
    return this.#read({ scope, after }, (given) => this.#server.changesSince(given.scope, given.after, limit))
  }

  heads(queries: readonly HeadQuery[]): Promise<Head[]> {
    return this.#read(queries, (given) => this.#server.heads(given))
  }

  touch(refs: readonly TouchRequest[]): Promise<void> {
    return this.#read(refs, (given) => this.#server.touch(given))
  }

  keys(section: SectionRef, query: KeyQuery): Promise<KeyPage> {
    return this.#read({ section, query }, (given) => this.#server.keys(given.section, given.query))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#faultGate.rejectHeld(this, closedError())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #read<I, O>(input: I, work: (input: I) => O): Promise<O> {
    return this.#call('no', input, work)
  }

  #call<I, O>(committed: 'no' | 'unknown', input: I, work: (input: I) => O): Promise<O> {
    return this.#closed ? Promise.reject(closedError()) : this.#faultGate.call(this, committed, input, work)
  }
}

const closedError = (): ClosedError => new ClosedError('the store is closed')
