import type { Collection, Wait } from '../collection/api.ts'
import { SectionCollection } from '../collection/collection.ts'
import { Committer } from '../collection/committer.ts'
import type { Definition } from '../collection/definition.ts'
import { Publisher } from '../collection/publisher.ts'
import { bounded, gaveUp } from '../collection/wait.ts'
import { Writer } from '../collection/writer.ts'
import { type SectionRef, scopeId } from '../model/address.ts'
import { oneOf } from '../model/choice.ts'
import { type Duration, milliseconds } from '../model/duration.ts'
import { ArgumentError, ClosedError } from '../model/errors.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import { Checker } from '../replica/checker.ts'
import { Counters } from '../replica/counters.ts'
import type { InstanceEvent, SectionEvent, SyncEvent } from '../replica/events.ts'
import { Loader } from '../replica/loader.ts'
import { Section } from '../replica/section.ts'
import { StoreLink } from '../replica/store-link.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { Store } from '../transport/store.ts'
import type { Sync, SyncOptions } from './api.ts'
import type { SyncStats } from './stats.ts'

/** A section in use here, with what writes to it. */
interface Open {
  readonly definition: Definition<unknown>
  readonly section: Section
  readonly writer: Writer
  readonly handle: SectionCollection
}

/**
 * Opens an instance on a store and a bus, which it owns from now on: `close()` closes them.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for an interval that is no duration
 */
export const createSync = (options: SyncOptions): Sync => new Instance(options)

class Instance implements Sync {
  readonly id: string
  readonly #store: Store
  readonly #bus: ChangeBus
  readonly #runtime: Runtime
  readonly #whenAway: 'wait' | 'reject'
  readonly #checkInterval: number
  readonly #reorderWindow: number
  readonly #counters = new Counters()
  readonly #link: StoreLink
  readonly #loader: Loader
  readonly #checker: Checker
  readonly #committer: Committer
  readonly #open = new Map<string, Open>()
  readonly #listeners = new Set<(event: SyncEvent) => void>()
  readonly #endStatus: () => void
  #cancelCheck: () => void = () => {}
  /** Can changes be heard right now, as far as the bus knows? */
  #hears = true
  #closing: Promise<void> | undefined

  constructor({
    store,
    bus,
    runtime = systemRuntime,
    whenAway = 'wait',
    checkInterval = '5s',
    reorderWindow = 20,
  }: SyncOptions) {
    oneOf(whenAway, ['wait', 'reject'], 'whenAway')
    this.#checkInterval = milliseconds(checkInterval, 'checkInterval')
    this.#reorderWindow = milliseconds(reorderWindow, 'reorderWindow')
    this.id = runtime.id()
    this.#store = store
    this.#bus = bus
    this.#runtime = runtime
    this.#whenAway = whenAway
    this.#link = new StoreLink(store, runtime, {
      away: (error) => {
        this.#emit({ type: 'store-away', error })
        for (const { writer } of this.#open.values()) writer.storeAway(error)
      },
      back: () => {
        this.#emit({ type: 'store-back' })
        this.#checkAll()
      },
    })
    this.#loader = new Loader(this.#link)
    this.#checker = new Checker(this.#link)
    this.#committer = new Committer(this.#link)
    this.#endStatus = bus.onStatus((status) => {
      this.#hears = status === 'connected' || status === 'resumed'
      this.#emit({ type: 'bus', status })
      if (status === 'resumed') this.#checkAll()
    })
    this.#scheduleCheck()
  }

  collection<T>(definition: Definition<T>, { partition }: { readonly partition: string }): Collection<T> {
    if (this.#closing) throw new ClosedError('the instance is closed')
    if (typeof partition !== 'string' || partition === '')
      throw new ArgumentError('partition: a non-empty string is needed')
    const ref = { partition, section: definition.section }
    const id = scopeId(ref)
    const open = this.#open.get(id) ?? this.#openSection(ref, definition as Definition<unknown>)
    if (open.definition !== definition) {
      throw new ArgumentError(`"${ref.section}" of "${partition}" is in use here by another definition`, {
        address: ref,
      })
    }
    this.#open.set(id, open)
    // the one place where the untyped inside takes on the caller's type
    return open.handle as unknown as Collection<T>
  }

  #openSection(ref: SectionRef, definition: Definition<unknown>): Open {
    const { follow, digest, replicate, ttl, sliding, merge, schema } = definition
    const [link, runtime, counters, bus] = [this.#link, this.#runtime, this.#counters, this.#bus] as const
    const section = new Section(
      { ref, follow, digest, replicate, ttl, sliding, reorderWindow: this.#reorderWindow },
      {
        origin: this.id,
        link,
        runtime,
        counters,
        bus,
        loader: this.#loader,
        checker: this.#checker,
        hears: () => this.#hears,
        emit: (event) => this.#emit(event),
        background: (at, work) => this.#background(at, work),
      },
    )
    const failed = (error: unknown): void => this.#failed(ref, error)
    const publisher = new Publisher(ref, follow === 'key', {
      bus,
      runtime,
      counters,
      failed: (_, changes, error) => this.#emit({ ...ref, type: 'publish-failed', changes, error }),
    })
    const writer = new Writer({
      origin: this.id,
      section,
      link,
      committer: this.#committer,
      publisher,
      runtime,
      counters,
      whenAway: this.#whenAway,
      ttl,
      definition: { follow, digest },
      merge,
      schema,
      conflict: (key, reason, attempt) => this.#emit({ ...ref, type: 'conflict', key, reason, attempt }),
    })
    if (replicate === 'all') this.#background(ref, section.ready())
    return {
      definition,
      section,
      writer,
      handle: new SectionCollection({ section, writer, link, runtime, schema, failed }),
    }
  }

  health(): ReturnType<Sync['health']> {
    if (this.#closing) return { state: 'closed', staleForMs: Number.POSITIVE_INFINITY }
    const used = [...this.#open.values()].filter(({ section }) => section.inUse)
    const sections = used.map(({ section }) => section.health())
    const now = this.#runtime.now()
    const staleForMs = sections.reduce((most, { verifiedAt }) => Math.max(most, now - verifiedAt), 0)
    if (this.#link.away || !this.#hears) return { state: 'stale', staleForMs }
    return { state: sections.every(({ settled }) => settled) ? 'live' : 'catching-up', staleForMs }
  }

  stats(): SyncStats {
    const { changes, commits, unchanged, attempts, conflicts, gaps, repairs, reloads, duplicates, reorders } =
      this.#counters
    const { refusedFrames, receivedBytes, publishedBytes } = this.#counters
    const sections = [...this.#open.values()].map(({ section }) => section)
    const total = (of: (section: Section) => number): number => sections.reduce((sum, section) => sum + of(section), 0)
    return {
      changes,
      commits,
      unchanged,
      conflicts,
      conflictRate: attempts === 0 ? 0 : conflicts / attempts,
      gaps,
      repairs,
      reloads,
      duplicates,
      reorders,
      refusedFrames,
      receivedBytes,
      publishedBytes,
      propagation: this.#counters.quantiles(),
      documents: total((section) => section.documents.held),
      sections: sections.length,
      buffered: total((section) => section.buffered),
      watchers: total((section) => section.watchers),
    }
  }

  onEvent(listener: (event: SyncEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async check(ref?: SectionRef): Promise<void> {
    if (this.#closing) throw new ClosedError('the instance is closed')
    const open = [...this.#open.values()].filter(({ section }) => !ref || scopeId(section.ref) === scopeId(ref))
    await Promise.all(open.map(({ section }) => section.follow().then(() => section.check())))
  }

  async flush(options: Wait = {}): Promise<void> {
    const writers = [...this.#open.values()].map(({ writer }) => writer)
    const all = async (): Promise<void> => void (await Promise.all(writers.map((writer) => writer.flush())))
    return bounded(this.#runtime, options, all, (why) => gaveUp(why, options))
  }

  close({ deadline = '5s' }: { readonly deadline?: Duration } = {}): Promise<void> {
    this.#closing ??= this.#close(milliseconds(deadline, 'deadline'))
    return this.#closing
  }

  async #close(deadline: number): Promise<void> {
    this.#cancelCheck()
    await this.flush({ timeout: deadline }).catch(() => {})
    this.#endStatus()
    const open = [...this.#open.values()]
    for (const { writer } of open) writer.close()
    this.#link.close()
    await Promise.all(open.map(({ section }) => section.close()))
    await Promise.all([this.#store.close(), this.#bus.close()])
    this.#listeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ---- the silence check -----------------------------------------------------------------------------------------

  #scheduleCheck(): void {
    // jittered: a fleet started together does not ask together
    const wait = this.#checkInterval * (0.9 + this.#runtime.random() * 0.2)
    this.#cancelCheck = this.#runtime.schedule(
      () => {
        this.#checkAll()
        this.#scheduleCheck()
      },
      wait,
      'upkeep',
    )
  }

  #checkAll(): void {
    for (const { section } of this.#open.values()) section.checkNow()
  }

  // ---- events ----------------------------------------------------------------------------------------------------

  #background(ref: SectionRef, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#failed(ref, error))
  }

  #failed(ref: SectionRef, error: unknown): void {
    if (!this.#closing || !(error instanceof ClosedError)) this.#emit({ ...ref, type: 'failed', error })
  }

  #emit(event: InstanceEvent | (SectionRef & SectionEvent)): void {
    const at = this.#runtime.now()
    for (const listener of this.#listeners) {
      try {
        listener({ at, ...event })
      } catch (error) {
        // not here, in the midst of the protocol: as any uncaught error
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
