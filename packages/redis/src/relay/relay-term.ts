import { setTimeout as sleep } from 'node:timers/promises'
import { BusUnavailableError, isSyncError } from '@sync/core'
import {
  type ChangeBus,
  headMarker,
  type LogPage,
  type LogPosition,
  messageOf,
  type SectionRef,
  type Store,
} from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { Script } from '../connection/script.ts'
import { toStoreError } from '../errors.ts'
import { cursorKey, leaseKeys, metaKey, outboxIndex, parseSectionName } from '../names.ts'
import type { RedisRelayEvent } from '../options.ts'
import { advanceLua } from './lua.ts'
import { Outbox } from './outbox.ts'

const advance = new Script(advanceLua)

/** Maximum number of sections published concurrently. */
const MAX_ACTIVE_SECTIONS = 64
/** Maximum number of queued sections. Beyond it, sections wait in the outbox. */
const MAX_QUEUED_SECTIONS = 10_000
/** Maximum number of pages of one section before the next section's turn. */
const MAX_PAGES_PER_TURN = 16
const PAGE_SIZE = 500

/** Collaborators of `RelayTerm`. */
export interface RelayTermContext {
  readonly connection: Connection
  readonly store: Store
  readonly bus: ChangeBus
  /** Origin of frames that carry no change. */
  readonly holder: string
  readonly emit: (event: RedisRelayEvent) => void
  /** Called when another relay has the lease, with its term's number if known. */
  readonly onDeposed: (term: number | undefined) => void
}

/** The work of a relay during one term: publishes each section's log in order, and moves the section's cursor. */
export class RelayTerm {
  readonly #term: string
  readonly #context: RelayTermContext
  readonly #outbox: Outbox
  readonly #stopController = new AbortController()
  readonly #active = new Map<string, Promise<void>>()
  /** Active sections that were enqueued again. */
  readonly #requeueNames = new Set<string>()
  readonly #cursors = new Map<string, LogPosition>()
  /** Consecutive failures by section. */
  readonly #failures = new Map<string, number>()
  /** Sections that wait for a retry. */
  readonly #backingOff = new Set<string>()
  /** Sections that wait for their turn, in order. */
  readonly #queued = new Set<string>()
  /** True if the outbox may have more sections than the queue. */
  #outboxHasMore = false

  constructor(term: string, context: RelayTermContext) {
    this.#term = term
    this.#context = context
    this.#outbox = new Outbox(context.connection)
  }

  /** Publishes the section's pending changes, or queues it. `name` is its name in the outbox. */
  enqueue(name: string): void {
    if (this.#stopController.signal.aborted) return
    if (this.#backingOff.has(name)) return
    if (this.#active.has(name)) this.#requeueNames.add(name)
    else if (this.#active.size < MAX_ACTIVE_SECTIONS) this.#active.set(name, this.#process(name))
    else if (this.#queued.size < MAX_QUEUED_SECTIONS) this.#queued.add(name)
    else this.#outboxHasMore = true
  }

  /** Polls the outbox for sections without a notification. `all` reads every index, after a time without notifications. */
  async sweep({ all = false }: { readonly all?: boolean } = {}): Promise<void> {
    if (all) this.#outbox.rescan()
    const limit = 2 * MAX_ACTIVE_SECTIONS + this.#backingOff.size
    const names = await this.#outbox.poll(limit)
    this.#outboxHasMore = names.length >= limit
    for (const name of names) this.enqueue(name)
  }

  /** Starts no more sections, and resolves when the active ones have finished. */
  async stop(): Promise<void> {
    this.#stopController.abort()
    this.#queued.clear()
    await Promise.all(this.#active.values())
  }

  async #process(name: string): Promise<void> {
    const ref = parseSectionName(name)
    try {
      await this.#forward(name, ref)
      this.#failures.delete(name)
    } catch (cause) {
      // continue at the saved cursor: later changes may have been lost in a fail-over
      this.#cursors.delete(name)
      const error = isSyncError(cause)
        ? cause
        : new BusUnavailableError(`publish failed: ${messageOf(cause)}`, { cause, address: ref })
      if (!this.#failures.has(name) && !this.#stopController.signal.aborted)
        this.#context.emit({ type: 'error', ...ref, error })
      void this.#retryLater(name)
    }
    this.#active.delete(name)
    // at the end of the queue
    if (this.#requeueNames.delete(name)) this.#queued.add(name)
    for (const next of this.#queued) {
      if (this.#active.size >= MAX_ACTIVE_SECTIONS) return
      this.#queued.delete(next)
      this.enqueue(next)
    }
    if (this.#outboxHasMore) await this.sweep()
  }

  /** Retries after a delay, during which the section is not active. */
  async #retryLater(name: string): Promise<void> {
    const attempt = this.#failures.get(name) ?? 0
    this.#failures.set(name, attempt + 1)
    this.#backingOff.add(name)
    await sleep(retryDelay(attempt), undefined, this.#stopController).catch(() => {})
    this.#backingOff.delete(name)
    this.enqueue(name)
  }

  async #forward(name: string, ref: SectionRef): Promise<void> {
    for (let pages = 0; !this.#stopController.signal.aborted; pages++) {
      if (pages === MAX_PAGES_PER_TURN) {
        this.#requeueNames.add(name)
        return
      }
      const [outcome, term] = await this.#forwardPage(name, ref)
      if (outcome === 'deposed') {
        this.#stopController.abort()
        this.#context.onDeposed(term === undefined ? undefined : Number(term))
      }
      if (outcome !== 'more') return
    }
  }

  /** Publishes a page of the log, then moves the cursor. In this order a crash causes duplicates, which replicas drop, but no loss. */
  async #forwardPage(name: string, ref: SectionRef): Promise<readonly string[]> {
    const { store, connection } = this.#context
    const after = this.#cursors.get(name) ?? (await this.#savedCursor(ref))
    const page = await store.changesSince(ref, after, PAGE_SIZE)
    const sent = { epoch: page.state.epoch, sequence: await this.#send(ref, page) }
    this.#cursors.set(name, sent)
    const { layout } = connection
    const sectionKeys = [outboxIndex(ref, layout), cursorKey(ref, layout), metaKey(ref, layout)]
    const keys = layout.cluster ? sectionKeys : [...sectionKeys, leaseKeys(layout).lease]
    const args = [this.#term, name, sent.epoch, `${sent.sequence}`]
    const answer = await advance.run(connection, keys, args).catch((cause: unknown) => this.#fail(cause))
    if (answer[0] !== 'more') this.#cursors.delete(name)
    return answer
  }

  /** Reads the cursor that earlier terms saved. */
  async #savedCursor(ref: SectionRef): Promise<LogPosition> {
    const { connection } = this.#context
    const cursor = cursorKey(ref, connection.layout)
    const command = ['HMGET', cursor, 'epoch', 'sequence'] as const
    const reply = await connection.send(command, cursor).catch((cause: unknown) => this.#fail(cause))
    const [epoch, sequence] = reply as (string | null)[]
    return { epoch: epoch ?? '', sequence: Number(sequence ?? 0) }
  }

  #fail(cause: unknown): never {
    throw toStoreError(cause, this.#context.connection, 'unknown')
  }

  /** Publishes a page. Returns the sequence up to which the section is published. */
  async #send(ref: SectionRef, { status, changes, state, upTo }: LogPage): Promise<number> {
    const { bus, holder, emit } = this.#context
    const byDocument = state.definition?.subscribeBy === 'document'
    if (status === 'page') {
      if (changes.length === 0) return upTo
      if (!byDocument) await bus.publish(ref, changes)
      else {
        const documents = Map.groupBy(changes, ({ key }) => key)
        await Promise.all([...documents].map(([key, documentChanges]) => bus.publish({ ...ref, key }, documentChanges)))
      }
      return upTo
    }
    emit({ type: 'log-truncated', ...ref })
    // with `subscribeBy: 'document'` a section's frame has no receiver
    if (!byDocument) await bus.publish(ref, [headMarker(state, holder)])
    return state.sequence
  }
}
