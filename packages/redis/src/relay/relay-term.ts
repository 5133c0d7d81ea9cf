import { setTimeout as sleep } from 'node:timers/promises'
import { BusUnavailableError, SyncError } from '@sync/core'
import {
  type ChangeBus,
  headMarker,
  type LogPage,
  type LogPosition,
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

/** The most sections at a time, those that are known to wait for their turn, and pages of one before it is another's. */
const MAX_ACTIVE_SECTIONS = 64
const MAX_QUEUED_SECTIONS = 10_000
const MAX_PAGES_PER_TURN = 16
const PAGE_SIZE = 500

/** What a relay works with. */
export interface RelayTermContext {
  readonly connection: Connection
  readonly store: Store
  readonly bus: ChangeBus
  /** The origin of what is sent without a change. */
  readonly holder: string
  readonly emit: (event: RedisRelayEvent) => void
  /** Another one has the lease; where that is known, in a later term of this number. */
  readonly deposed: (term: number | undefined) => void
}

/** What one relay does in one term: sends each section's log in its order, and notes how far it has come. */
export class RelayTerm {
  readonly #term: string
  readonly #context: RelayTermContext
  readonly #outbox: Outbox
  readonly #stopController = new AbortController()
  readonly #active = new Map<string, Promise<void>>()
  /** Told of anew while they were at work. */
  readonly #requeueNames = new Set<string>()
  readonly #cursors = new Map<string, LogPosition>()
  /** How often each has failed since it last did not, and those that wait because of it. */
  readonly #failures = new Map<string, number>()
  readonly #backingOff = new Set<string>()
  /** Who has a turn next. */
  readonly #queued = new Set<string>()
  /** There may be more in the outbox than those that wait here. */
  #outboxHasMore = false

  constructor(term: string, context: RelayTermContext) {
    this.#term = term
    this.#context = context
    this.#outbox = new Outbox(context.connection)
  }

  /** Sends what the section has, by its name in the outbox. */
  enqueue(name: string): void {
    if (this.#stopController.signal.aborted) return
    if (this.#backingOff.has(name)) return
    if (this.#active.has(name)) this.#requeueNames.add(name)
    else if (this.#active.size < MAX_ACTIVE_SECTIONS) this.#active.set(name, this.#process(name))
    else if (this.#queued.size < MAX_QUEUED_SECTIONS) this.#queued.add(name)
    else this.#outboxHasMore = true
  }

  /** Looks for sections that nobody has told of. `all`: many may have come of which nobody could tell. */
  async sweep({ all = false }: { readonly all?: boolean } = {}): Promise<void> {
    if (all) this.#outbox.rescan()
    const limit = 2 * MAX_ACTIVE_SECTIONS + this.#backingOff.size
    const names = await this.#outbox.poll(limit)
    this.#outboxHasMore = names.length >= limit
    for (const name of names) this.enqueue(name)
  }

  /** Begins nothing any more; resolves when what was begun is over. */
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
      // what was noted counts: the rest may have been lost with a tail
      this.#cursors.delete(name)
      const error =
        cause instanceof SyncError ? cause : new BusUnavailableError('the bus refused', { cause, address: ref })
      if (!this.#failures.has(name) && !this.#stopController.signal.aborted)
        this.#context.emit({ type: 'error', ...ref, error })
      void this.#retryLater(name)
    }
    this.#active.delete(name)
    // behind those that wait
    if (this.#requeueNames.delete(name)) this.#queued.add(name)
    for (const next of this.#queued) {
      if (this.#active.size >= MAX_ACTIVE_SECTIONS) return
      this.#queued.delete(next)
      this.enqueue(next)
    }
    if (this.#outboxHasMore) await this.sweep()
  }

  /** Tries again after a while, in which it takes nobody's place. */
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
        this.#context.deposed(term === undefined ? undefined : Number(term))
      }
      if (outcome !== 'more') return
    }
  }

  /** Sends a page of the log, and then notes that. In this order: what was sent twice is known as a repeat. */
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

  /** How far it was sent by whoever had the lease before. */
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

  /** Answers how far it came. */
  async #send(ref: SectionRef, { status, changes, state, upTo }: LogPage): Promise<number> {
    const { bus, holder, emit } = this.#context
    const byKey = state.definition?.subscribeBy === 'document'
    if (status === 'page') {
      if (changes.length === 0) return upTo
      if (!byKey) await bus.publish(ref, changes)
      else {
        const documents = Map.groupBy(changes, ({ key }) => key)
        await Promise.all([...documents].map(([key, documentChanges]) => bus.publish({ ...ref, key }, documentChanges)))
      }
      return upTo
    }
    emit({ type: 'log-truncated', ...ref })
    // of those that follow single documents nobody hears it
    if (!byKey) await bus.publish(ref, [headMarker(state, holder)])
    return state.sequence
  }
}
