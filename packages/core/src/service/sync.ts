import type { Collection, Wait } from '../collection/api.ts'
import type { Definition } from '../collection/definition.ts'
import { bounded, gaveUp } from '../collection/wait.ts'
import { type SectionRef, scopeId, sectionOf } from '../model/address.ts'
import { oneOf } from '../model/choice.ts'
import { type Duration, milliseconds } from '../model/duration.ts'
import { ArgumentError, ClosedError, TimeoutError } from '../model/errors.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import { wholeNumber } from '../model/whole-number.ts'
import { Counters } from '../replica/counters.ts'
import type { InstanceEvent, SectionEvent, SyncEvent } from '../replica/events.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import type { BusFailure, ChangeBus } from '../transport/bus.ts'
import type { Store } from '../transport/store.ts'
import type { Health, Sync, SyncOptions, VerifyReport } from './api.ts'
import { every } from './every.ts'
import { type OpenSection, openSection } from './open-section.ts'
import type { SyncStats } from './stats.ts'
import { StoreLines } from './store-lines.ts'
import { Verification, type Verified } from './verification.ts'

/**
 * Opens an instance on a store and a bus, which it owns from now on: `close()` closes them.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for an option that is not what it should be
 */
export const createSync = (options: SyncOptions): Sync => new Instance(options)

class Instance implements Sync {
  readonly id: string
  readonly #store: Store
  readonly #bus: ChangeBus
  readonly #runtime: Runtime
  readonly #whenAway: 'wait' | 'reject'
  readonly #maxWrites: number
  readonly #reorderWindow: number
  readonly #counters = new Counters()
  readonly #lines: StoreLines
  readonly #open = new Map<string, OpenSection>()
  readonly #listeners = new Set<(event: SyncEvent) => void>()
  readonly #conflicts: SyncEvent[] = []
  readonly #mostConflicts: number
  readonly #ends: (() => void)[]
  /** Can changes be heard right now, as far as the bus knows? */
  #hears = true
  #consistency = 1
  #closing: Promise<void> | undefined

  constructor({
    store,
    bus,
    runtime = systemRuntime,
    whenAway = 'wait',
    maxWrites = 100_000,
    conflictLog = 100,
    checkInterval = '5s',
    reorderWindow = 20,
    verification,
  }: SyncOptions) {
    oneOf(whenAway, ['wait', 'reject'], 'whenAway')
    this.#maxWrites = wholeNumber(maxWrites, 'maxWrites', 1)
    this.#mostConflicts = wholeNumber(conflictLog, 'conflictLog', 0)
    this.#reorderWindow = milliseconds(reorderWindow, 'reorderWindow')
    const checkEvery = milliseconds(checkInterval, 'checkInterval')
    const verifyEvery = verification && milliseconds(verification.interval, 'verification.interval')
    const sample = sampleSize(verification?.sample ?? 100, 'verification.sample')
    this.id = runtime.id()
    this.#store = store
    this.#bus = bus
    if (bus.inCommit) store.publishInCommit?.(bus.inCommit)
    this.#runtime = runtime
    this.#whenAway = whenAway
    this.#lines = new StoreLines(store, runtime, {
      away: (error, link) => {
        this.#emit({ type: 'store-away', error })
        for (const { writer } of this.#openAt(link)) writer.storeAway(error)
      },
      back: (link) => {
        this.#emit({ type: 'store-back' })
        for (const { section } of this.#openAt(link)) section.checkNow()
      },
    })
    this.#ends = [
      bus.onStatus((status) => {
        this.#hears = status === 'connected' || status === 'resumed'
        this.#emit({ type: 'bus', status })
        if (status === 'resumed') for (const section of this.#sections()) section.recheck()
      }),
      every(checkEvery, runtime, () => {
        // with the first answer all is checked
        for (const { section, link } of this.#open.values()) if (!link.knocking) section.checkRegularly()
      }),
    ]
    if (verifyEvery) this.#ends.push(every(verifyEvery, runtime, () => this.#verifyAll(sample)))
    // what it does not do while it is being closed is told too
    bus.onFailure?.((failure) => this.#busFailed(failure))
  }

  collection<T>(definition: Definition<T>, { partition }: { readonly partition: string }): Collection<T> {
    this.#refuseIfClosed()
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

  #openSection(ref: SectionRef, definition: Definition<unknown>): OpenSection {
    return openSection(ref, definition, {
      origin: this.id,
      ...this.#lines.of(ref.partition),
      bus: this.#bus,
      runtime: this.#runtime,
      counters: this.#counters,
      whenAway: this.#whenAway,
      maxWrites: this.#maxWrites,
      reorderWindow: this.#reorderWindow,
      hears: () => this.#hears,
      emit: (event) => this.#emit(event),
      failed: (error) => this.#failed(ref, error),
    })
  }

  health(): Health {
    if (this.#closing) return { state: 'closed', staleForMs: Number.POSITIVE_INFINITY, sections: [] }
    const used = this.#sections().filter((section) => section.inUse)
    const known = used.map((section) => section.health())
    const now = this.#runtime.elapsed()
    const away = this.#lines.away || !this.#hears || used.some((section) => !section.hears)
    return {
      state: away ? 'stale' : known.every(({ settled }) => settled) ? 'live' : 'catching-up',
      staleForMs: known.reduce((most, { verifiedAt }) => Math.max(most, now - verifiedAt), 0),
      sections: used.flatMap(({ progress }) => progress ?? []),
    }
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
      consistency: this.#consistency,
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

  conflicts(): readonly SyncEvent[] {
    return [...this.#conflicts]
  }

  async check(ref?: SectionRef): Promise<void> {
    this.#refuseIfClosed()
    await Promise.all(this.#sections(ref).map((section) => section.follow().then(() => section.check())))
  }

  async verify({ section: ref, sample = 'all' }: Parameters<Sync['verify']>[0] = {}): Promise<VerifyReport> {
    this.#refuseIfClosed()
    const size = sampleSize(sample, 'sample')
    const reports = await Promise.all(this.#opened(ref).map((open) => this.#compare(open, size)))
    return this.#report(reports)
  }

  #compare({ section, loader }: OpenSection, sample: number): Promise<Verified> {
    return new Verification(section, loader, this.#runtime).run(sample)
  }

  #report(reports: readonly Verified[]): VerifyReport {
    const checked = reports.reduce((sum, report) => sum + report.checked, 0)
    const differing = reports.flatMap((report) => report.differing)
    this.#consistency = checked === 0 ? 1 : 1 - differing.length / checked
    return { checked, differing, score: this.#consistency }
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
    const [endStatus, ...timers] = this.#ends
    for (const end of timers) end()
    await this.flush({ timeout: deadline }).catch(() => {})
    endStatus?.()
    const open = [...this.#open.values()]
    for (const { writer } of open) writer.close()
    this.#lines.close()
    const end = async (): Promise<void> => {
      await Promise.all(open.map(({ section }) => section.close()))
      await Promise.all([this.#store.close(), this.#bus.close()])
    }
    const wait = { timeout: deadline }
    await bounded(this.#runtime, wait, end, () => new TimeoutError('store or bus did not end within the deadline'))
    this.#listeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #refuseIfClosed(): void {
    if (this.#closing) throw new ClosedError('the instance is closed')
  }

  #sections(ref?: SectionRef): Section[] {
    return this.#opened(ref).map(({ section }) => section)
  }

  #opened(ref?: SectionRef): OpenSection[] {
    const open = [...this.#open.values()]
    return ref ? open.filter(({ section }) => scopeId(section.ref) === scopeId(ref)) : open
  }

  /** Those whose store is reached by this link. */
  #openAt(link: StoreLink): OpenSection[] {
    return this.#opened().filter((open) => open.link === link)
  }

  #verifyAll(sample: number): void {
    const reachable = this.#opened().filter(({ link }) => !link.away)
    if (reachable.length === 0) return
    const comparing = reachable.map((open) =>
      this.#compare(open, sample).catch((error: unknown) => {
        this.#failed(open.section.ref, error)
        return { checked: 0, differing: [] }
      }),
    )
    void Promise.all(comparing).then((reports) => this.#report(reports))
  }

  // ---- events ----------------------------------------------------------------------------------------------------

  #failed(ref: SectionRef, error: unknown): void {
    if (!this.#closing || !(error instanceof ClosedError)) this.#emit({ ...ref, type: 'failed', error })
  }

  #busFailed({ operation, scope, changes, error }: BusFailure): void {
    const ref = sectionOf(scope)
    if (operation === 'publish') this.#emit({ ...ref, type: 'publish-failed', changes, error })
    else this.#failed(ref, error)
  }

  #emit(happened: InstanceEvent | (SectionRef & SectionEvent)): void {
    const event: SyncEvent = { at: this.#runtime.now(), ...happened }
    if (event.type === 'conflict' && this.#conflicts.push(event) > this.#mostConflicts) this.#conflicts.shift()
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        // not here, in the midst of the protocol: as any uncaught error
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

const sampleSize = (sample: number | 'all', what: string): number =>
  sample === 'all' ? Number.POSITIVE_INFINITY : wholeNumber(sample, what, 1)
