import type { CallOptions, Collection } from '../collection/api.ts'
import type { CollectionDefinition } from '../collection/definition.ts'
import { deadlineError, withDeadline } from '../collection/with-deadline.ts'
import { type SectionRef, scopeId, sectionOf } from '../model/address.ts'
import {
  assertFunction,
  assertInteger,
  assertOneOf,
  assertOptions,
  assertSectionRef,
  type OptionNames,
  typeName,
} from '../model/assert.ts'
import { captureContext } from '../model/async-context.ts'
import { type Duration, parseDuration } from '../model/duration.ts'
import { ArgumentError, ClosedError, isSyncError, TimeoutError } from '../model/errors.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import { withoutDocuments } from '../replica/conflict.ts'
import type { ConflictEvent, InstanceEvent, SectionEvent, SyncEvent } from '../replica/events.ts'
import { Metrics } from '../replica/metrics.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import type { BusFailure, ChangeBus } from '../transport/bus.ts'
import { callListener, throwUncaught } from '../transport/listeners.ts'
import type { Store } from '../transport/store.ts'
import type { Health, SyncInstance, SyncInstanceOptions, VerifyReport } from './api.ts'
import { jitteredInterval } from './jittered-interval.ts'
import { type OpenSection, openSection } from './open-section.ts'
import { toSectionRef } from './section-ref.ts'
import { SectionRegistry } from './section-registry.ts'
import type { SyncStats } from './stats.ts'
import { StorePool } from './store-pool.ts'
import { Verification, type VerificationResult } from './verification.ts'

/**
 * Opens an instance on a store and a bus. The instance owns both: `close()` closes them.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for an invalid option
 */
export const createInstance = (options: SyncInstanceOptions): SyncInstance => new Instance(options)

const OPTIONS: OptionNames<SyncInstanceOptions> = {
  store: true,
  bus: true,
  runtime: true,
  whenUnavailable: true,
  maxPendingWrites: true,
  maxRecentConflicts: true,
  conflictValues: true,
  verification: true,
  checkInterval: true,
  reorderWindow: true,
}
const VERIFICATION_OPTIONS: OptionNames<NonNullable<SyncInstanceOptions['verification']>> = {
  interval: true,
  sample: true,
}

/** Minimum time for closing the store and the bus, in ms. */
const MIN_CLOSE_MS = 100

class Instance implements SyncInstance {
  readonly id: string
  readonly #store: Store
  readonly #bus: ChangeBus
  readonly #runtime: Runtime
  readonly #whenUnavailable: 'wait' | 'reject'
  readonly #maxPendingWrites: number
  readonly #reorderWindow: number
  readonly #metrics = new Metrics()
  readonly #stores: StorePool
  readonly #openSections = new SectionRegistry()
  readonly #listeners = new Set<(event: SyncEvent) => unknown>()
  readonly #recentConflicts: ConflictEvent[] = []
  readonly #maxRecentConflicts: number
  readonly #conflictValues: boolean
  readonly #cleanups: (() => void)[]
  /** True if the bus reports that it delivers changes. */
  #isBusConnected = true
  #consistency = 1
  #closing: Promise<void> | undefined

  constructor(options: SyncInstanceOptions) {
    assertOptions(options, OPTIONS, 'createInstance()')
    const {
      store,
      bus,
      runtime = systemRuntime,
      whenUnavailable = 'wait',
      maxPendingWrites = 100_000,
      maxRecentConflicts = 100,
      conflictValues = false,
      checkInterval = '5s',
      reorderWindow = 20,
      verification,
    } = options
    assertPart(store, 'store', 'commit', 'memoryStore()')
    assertPart(bus, 'bus', 'subscribe', 'memoryBus()')
    if (verification) assertOptions(verification, VERIFICATION_OPTIONS, 'verification')
    assertOneOf(whenUnavailable, ['wait', 'reject'], 'whenUnavailable')
    this.#maxPendingWrites = assertInteger(maxPendingWrites, 'maxPendingWrites', 1)
    this.#maxRecentConflicts = assertInteger(maxRecentConflicts, 'maxRecentConflicts', 0)
    if (typeof conflictValues !== 'boolean')
      throw new ArgumentError(`conflictValues: expected a boolean, got ${typeName(conflictValues)}`)
    this.#conflictValues = conflictValues
    this.#reorderWindow = parseDuration(reorderWindow, 'reorderWindow')
    const pollInterval = parseDuration(checkInterval, 'checkInterval')
    const verifyInterval = verification && parseDuration(verification.interval, 'verification.interval')
    const sample = parseSampleSize(verification?.sample ?? 100, 'verification.sample')
    this.id = runtime.id()
    this.#store = store
    this.#bus = bus
    if (bus.inCommit) store.publishInCommit?.(bus.inCommit)
    this.#runtime = runtime
    this.#whenUnavailable = whenUnavailable
    this.#stores = new StorePool(store, runtime, {
      onUnavailable: (error, retryingStore) => {
        this.#emit({ type: 'store-unavailable', error })
        for (const { writeQueue } of this.#sectionsOf(retryingStore)) writeQueue.onStoreUnavailable(error)
      },
      onAvailable: (retryingStore) => {
        this.#emit({ type: 'store-available' })
        for (const { section } of this.#sectionsOf(retryingStore)) section.catchUpInBackground()
      },
    })
    this.#cleanups = [
      bus.onStatus((status) => {
        this.#isBusConnected = status === 'connected' || status === 'resumed'
        this.#emit({ type: 'bus', status })
        if (status === 'resumed') for (const section of this.#sections()) section.onBusResumed()
      }),
      jitteredInterval(pollInterval, runtime, () => {
        // a section that is retrying checks with the first answer that it gets
        for (const open of this.#openSections.open())
          if (!open.retryingStore.isRetrying && !this.#openSections.releaseIfIdle(open)) open.section.periodicCatchUp()
      }),
    ]
    if (verifyInterval) this.#cleanups.push(jitteredInterval(verifyInterval, runtime, () => this.#verifyAll(sample)))
    // never unsubscribed, so that failures during close() are reported too
    bus.onFailure?.((failure) => this.#onBusFailure(failure))
  }

  collection<T>(definition: CollectionDefinition<T>, at?: { readonly partition: string }): Collection<T> {
    this.#assertOpen()
    const ref = toSectionRef(definition, at)
    const open = this.#openSections.find(ref) ?? this.#openSection(ref, definition as CollectionDefinition<unknown>)
    open.adopt(definition as CollectionDefinition<unknown>)
    open.section.markUsed()
    this.#openSections.add(open)
    // the only place where the untyped core takes on the caller's document type
    return open.handle as unknown as Collection<T>
  }

  #openSection(ref: SectionRef, definition: CollectionDefinition<unknown>): OpenSection {
    return openSection(ref, definition, {
      origin: this.id,
      ...this.#stores.clientFor(ref.partition),
      bus: this.#bus,
      runtime: this.#runtime,
      metrics: this.#metrics,
      whenUnavailable: this.#whenUnavailable,
      maxPendingWrites: this.#maxPendingWrites,
      reorderWindow: this.#reorderWindow,
      conflictValues: this.#conflictValues,
      isBusConnected: () => this.#isBusConnected,
      emit: (event) => this.#emit(event),
      onStart: (open) => this.#openSections.add(open),
      onError: (error) => this.#emitError(ref, error),
    })
  }

  health(): Health {
    if (this.#closing) return { state: 'closed', staleForMs: Number.MAX_SAFE_INTEGER, sections: [] }
    const inUse = this.#sections().filter((section) => section.inUse)
    const states = inUse.map((section) => section.health())
    const now = this.#runtime.elapsed()
    const isStale =
      this.#stores.isAnyUnavailable || !this.#isBusConnected || inUse.some((section) => !section.isReceiving)
    return {
      state: isStale ? 'stale' : states.every(({ settled }) => settled) ? 'live' : 'catching-up',
      // finite also before the first check: JSON would turn Infinity into null
      staleForMs: Math.min(
        Number.MAX_SAFE_INTEGER,
        states.reduce((max, { verifiedAt }) => Math.max(max, now - verifiedAt), 0),
      ),
      sections: inUse.flatMap(({ progress }) => progress ?? []),
    }
  }

  stats(): SyncStats {
    const { changes, commits, unchanged, attempts, conflicts, gaps, repairs, reloads, duplicates, reorders } =
      this.#metrics
    const { rejectedFrames, receivedBytes, publishedBytes } = this.#metrics
    const sections = this.#openSections.open().map(({ section }) => section)
    const total = (of: (section: SectionReplica) => number): number =>
      sections.reduce((sum, section) => sum + of(section), 0)
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
      rejectedFrames,
      receivedBytes,
      publishedBytes,
      propagation: this.#metrics.quantiles(),
      consistency: this.#consistency,
      documents: total((section) => section.reader.cachedCount),
      sections: sections.length,
      buffered: total((section) => section.bufferedCount),
      watchers: total((section) => section.watcherCount),
    }
  }

  onEvent(listener: (event: SyncEvent) => void): () => void {
    assertFunction(listener, 'listener')
    const runInContext = captureContext()
    const registration = (event: SyncEvent): unknown => runInContext(() => listener(event))
    this.#listeners.add(registration)
    return () => this.#listeners.delete(registration)
  }

  recentConflicts(): readonly ConflictEvent[] {
    return [...this.#recentConflicts]
  }

  async catchUp(ref?: SectionRef): Promise<void> {
    this.#assertOpen()
    if (ref !== undefined) assertSectionRef(ref)
    await Promise.all(this.#sections(ref).map((section) => section.ensureSubscribed().then(() => section.catchUp())))
  }

  async verify({ section: ref, sample = 'all' }: Parameters<SyncInstance['verify']>[0] = {}): Promise<VerifyReport> {
    this.#assertOpen()
    if (ref !== undefined) assertSectionRef(ref)
    const size = parseSampleSize(sample, 'sample')
    const reports = await Promise.all(this.#sectionsMatching(ref).map((open) => this.#verifySection(open, size)))
    return this.#recordVerification(reports)
  }

  #verifySection({ section, loadBatcher }: OpenSection, sample: number): Promise<VerificationResult> {
    return new Verification(section, loadBatcher, this.#runtime).run(sample)
  }

  #recordVerification(reports: readonly VerificationResult[]): VerifyReport {
    const checked = reports.reduce((sum, report) => sum + report.checked, 0)
    const differing = reports.flatMap((report) => report.differing)
    this.#consistency = checked === 0 ? 1 : 1 - differing.length / checked
    return { checked, differing, score: this.#consistency }
  }

  async flush(options: CallOptions = {}): Promise<void> {
    const writers = this.#openSections.open().map(({ writeQueue }) => writeQueue)
    const flushAll = async (): Promise<void> => void (await Promise.all(writers.map((writer) => writer.flush())))
    return withDeadline(this.#runtime, options, flushAll, (reason) => deadlineError(reason, options))
  }

  close({ deadline = '5s' }: { readonly deadline?: Duration } = {}): Promise<void> {
    this.#closing ??= this.#close(parseDuration(deadline, 'deadline'))
    return this.#closing
  }

  async #close(deadline: number): Promise<void> {
    const startedAt = this.#runtime.elapsed()
    const [unsubscribeStatus, ...timers] = this.#cleanups
    for (const end of timers) end()
    await this.flush({ timeout: deadline }).catch(() => {})
    unsubscribeStatus?.()
    const openSections = this.#openSections.all()
    for (const { writeQueue } of openSections) writeQueue.close()
    this.#stores.close()
    const end = async (): Promise<void> => {
      await Promise.all(openSections.map(({ section }) => section.close()))
      await Promise.all([this.#store.close(), this.#bus.close()])
    }
    // the deadline covers both steps; a store and a bus that answer need a moment even if the writes used all of it
    const wait = { timeout: Math.max(MIN_CLOSE_MS, deadline - (this.#runtime.elapsed() - startedAt)) }
    await withDeadline(
      this.#runtime,
      wait,
      end,
      () => new TimeoutError(`expected the store and the bus to close within ${deadline} ms, but they did not`),
    )
    this.#listeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertOpen(): void {
    if (this.#closing) throw new ClosedError('the instance is closed')
  }

  #sections(ref?: SectionRef): SectionReplica[] {
    return this.#sectionsMatching(ref).map(({ section }) => section)
  }

  #sectionsMatching(ref?: SectionRef): OpenSection[] {
    const open = this.#openSections.open()
    return ref ? open.filter(({ section }) => scopeId(section.ref) === scopeId(ref)) : open
  }

  /** Returns the sections whose store is reached through this client. */
  #sectionsOf(retryingStore: RetryingStore): OpenSection[] {
    return this.#sectionsMatching().filter((open) => open.retryingStore === retryingStore)
  }

  #verifyAll(sample: number): void {
    const reachable = this.#sectionsMatching().filter(({ retryingStore }) => !retryingStore.unavailable)
    if (reachable.length === 0) return
    const comparing = reachable.map((open) =>
      this.#verifySection(open, sample).catch((error: unknown) => {
        this.#emitError(open.section.ref, error)
        return { checked: 0, differing: [] }
      }),
    )
    void Promise.all(comparing).then((reports) => this.#recordVerification(reports))
  }

  // ---- events ----------------------------------------------------------------------------------------------------

  #emitError(ref: SectionRef, error: unknown): void {
    if (!this.#closing || !isSyncError(error, 'SYNC_CLOSED')) this.#emit({ ...ref, type: 'error', error })
  }

  #onBusFailure({ operation, scope, changes, error }: BusFailure): void {
    const ref = sectionOf(scope)
    if (operation === 'publish') this.#emit({ ...ref, type: 'publish-failed', changes, error })
    else this.#emitError(ref, error)
  }

  #emit(details: InstanceEvent | (SectionRef & SectionEvent)): void {
    const event: SyncEvent = { at: this.#runtime.now(), ...details }
    if (event.type === 'conflict' && this.#recentConflicts.push(withoutDocuments(event)) > this.#maxRecentConflicts)
      this.#recentConflicts.shift()
    // a listener that fails on an error event would fail on the next one too
    const onError = event.type === 'error' ? throwUncaught : (error: unknown) => this.#emit({ type: 'error', error })
    for (const listener of [...this.#listeners]) callListener(listener, event, onError)
  }
}

const parseSampleSize = (sample: number | 'all', label: string): number =>
  sample === 'all' ? Number.POSITIVE_INFINITY : assertInteger(sample, label, 1)

/** Throws unless a store or bus has its main method; a URL is a common mistake. */
function assertPart(part: object, label: string, method: string, example: string): void {
  if (typeof part === 'object' && part !== null && typeof Reflect.get(part, method) === 'function') return
  const hint = typeof part === 'string' ? '; connect() of @sync/config opens URLs' : ''
  throw new ArgumentError(`${label}: expected an object such as ${example}, got ${typeName(part)}${hint}`)
}
