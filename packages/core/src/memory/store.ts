import type { DocumentRef, Scope, SectionRef } from '../model/address.ts'
import { AbortedError, ClosedError } from '../model/errors.ts'
import type { Place } from '../model/position.ts'
import type {
  CommitRequest,
  CommitResult,
  Head,
  HeadQuestion,
  Loaded,
  LogPage,
  Store,
  StoreCapabilities,
  TouchRequest,
} from '../transport/store.ts'
import type { Gate } from './gate.ts'
import { createMemoryHub, type MemoryHub, partsOf } from './hub.ts'
import type { StoreServer } from './server.ts'

/**
 * A store in this process's memory: what several services of one process share, and the embedded default. Every call makes an
 * independent client of the hub (default: a hub of its own); closing it leaves the hub. What is stored ends with the process.
 *
 * After `close` its calls reject with `SYNC_CLOSED`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `hub` was not made by `createMemoryHub`
 */
export function memoryStore(hub: MemoryHub = createMemoryHub()): Store {
  const { server, gate } = partsOf(hub)
  return new MemoryStore(server, gate)
}

class MemoryStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #server: StoreServer
  readonly #gate: Gate
  #closed = false

  constructor(server: StoreServer, gate: Gate) {
    this.#server = server
    this.#gate = gate
    const { maxCommitBytes } = server.settings
    this.capabilities = Object.freeze({ ttl: { granularityMs: 1 }, durability: 'none', maxCommitBytes })
  }

  load(refs: readonly DocumentRef[]): Promise<Loaded[]> {
    return this.#read(refs, (given) => this.#server.load(given))
  }

  commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    return this.#call('unknown', group, (given) => {
      const results = this.#server.commit(given)
      this.#gate.reply()
      return results
    })
  }

  changesSince(scope: Scope, after: Place, limit: number): Promise<LogPage> {
    return this.#read({ scope, after }, (given) => this.#server.changesSince(given.scope, given.after, limit))
  }

  heads(asked: readonly HeadQuestion[]): Promise<Head[]> {
    return this.#read(asked, (given) => this.#server.heads(given))
  }

  touch(refs: readonly TouchRequest[]): Promise<void> {
    return this.#read(refs, (given) => this.#server.touch(given))
  }

  async *keys(
    section: SectionRef,
    options: { readonly prefix?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<string, undefined> {
    const { prefix = '', signal } = options
    const check = (): void => {
      if (this.#closed) throw closed()
      if (signal?.aborted) throw new AbortedError('keys: aborted', { cause: signal.reason, address: section })
    }
    check()
    // one instant's keys, so that none that stays can be missed
    for (const key of await this.#read(section, (given) => this.#server.keys(given, prefix))) {
      check()
      yield key
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#gate.abandon(this, closed())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #read<I, O>(input: I, work: (input: I) => O): Promise<O> {
    return this.#call('no', input, work)
  }

  #call<I, O>(committed: 'no' | 'unknown', input: I, work: (input: I) => O): Promise<O> {
    return this.#closed ? Promise.reject(closed()) : this.#gate.call(this, committed, input, work)
  }
}

const closed = (): ClosedError => new ClosedError('the store is closed')
