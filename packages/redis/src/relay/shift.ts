import { setTimeout as sleep } from 'node:timers/promises'
import { BusAwayError, SyncError } from '@sync/core'
import {
  type ChangeBus,
  type LogPage,
  type Place,
  reachedChange,
  type SectionRef,
  type Store,
} from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { Script } from '../connection/script.ts'
import { storeError } from '../errors.ts'
import { cursorKey, leaseKeys, metaKey, outboxIndex, sectionNamed } from '../names.ts'
import type { RedisRelayEvent } from '../options.ts'
import { advanceLua } from './lua.ts'
import { Outbox } from './outbox.ts'

const advance = new Script(advanceLua)

/** The most sections at a time, those that are known to wait for their turn, and pages of one before it is another's. */
const MOST_SECTIONS = 64
const MOST_WAITING = 10_000
const MOST_PAGES = 16
const PAGE = 500

/** What a relay works with. */
export interface ShiftContext {
  readonly connection: Connection
  readonly store: Store
  readonly bus: ChangeBus
  /** The origin of what is sent without a change. */
  readonly holder: string
  readonly tell: (event: RedisRelayEvent) => void
  /** Another one has the lease; where that is known, in a later term of this number. */
  readonly ousted: (number: number | undefined) => void
}

/** What one relay does in one term: sends each section's log in its order, and notes how far it has come. */
export class Shift {
  readonly #term: string
  readonly #context: ShiftContext
  readonly #outbox: Outbox
  readonly #end = new AbortController()
  readonly #atWork = new Map<string, Promise<void>>()
  /** Told of anew while they were at work. */
  readonly #again = new Set<string>()
  readonly #cursors = new Map<string, Place>()
  /** How often each has failed since it last did not, and those that wait because of it. */
  readonly #failures = new Map<string, number>()
  readonly #paused = new Set<string>()
  /** Who has a turn next. */
  readonly #waiting = new Set<string>()
  /** There may be more in the outbox than those that wait here. */
  #more = false

  constructor(term: string, context: ShiftContext) {
    this.#term = term
    this.#context = context
    this.#outbox = new Outbox(context.connection)
  }

  /** Sends what the section has, by its name in the outbox. */
  notice(name: string): void {
    if (this.#end.signal.aborted) return
    if (this.#paused.has(name)) return
    if (this.#atWork.has(name)) this.#again.add(name)
    else if (this.#atWork.size < MOST_SECTIONS) this.#atWork.set(name, this.#work(name))
    else if (this.#waiting.size < MOST_WAITING) this.#waiting.add(name)
    else this.#more = true
  }

  /** Looks for sections that nobody has told of. `all`: many may have come of which nobody could tell. */
  async sweep({ all = false }: { readonly all?: boolean } = {}): Promise<void> {
    if (all) this.#outbox.forget()
    const most = 2 * MOST_SECTIONS + this.#paused.size
    const names = await this.#outbox.look(most)
    this.#more = names.length >= most
    for (const name of names) this.notice(name)
  }

  /** Begins nothing any more; resolves when what was begun is over. */
  async end(): Promise<void> {
    this.#end.abort()
    this.#waiting.clear()
    await Promise.all(this.#atWork.values())
  }

  async #work(name: string): Promise<void> {
    const ref = sectionNamed(name)
    try {
      await this.#forward(name, ref)
      this.#failures.delete(name)
    } catch (cause) {
      // what was noted counts: the rest may have been lost with a tail
      this.#cursors.delete(name)
      const error = cause instanceof SyncError ? cause : new BusAwayError('the bus refused', { cause, address: ref })
      if (!this.#failures.has(name) && !this.#end.signal.aborted) this.#context.tell({ type: 'failed', ...ref, error })
      void this.#later(name)
    }
    this.#atWork.delete(name)
    // behind those that wait
    if (this.#again.delete(name)) this.#waiting.add(name)
    for (const next of this.#waiting) {
      if (this.#atWork.size >= MOST_SECTIONS) return
      this.#waiting.delete(next)
      this.notice(next)
    }
    if (this.#more) await this.sweep()
  }

  /** Tries again after a while, in which it takes nobody's place. */
  async #later(name: string): Promise<void> {
    const attempt = this.#failures.get(name) ?? 0
    this.#failures.set(name, attempt + 1)
    this.#paused.add(name)
    await sleep(retryDelay(attempt), undefined, this.#end).catch(() => {})
    this.#paused.delete(name)
    this.notice(name)
  }

  async #forward(name: string, ref: SectionRef): Promise<void> {
    for (let pages = 0; !this.#end.signal.aborted; pages++) {
      if (pages === MOST_PAGES) {
        this.#again.add(name)
        return
      }
      const [outcome, term] = await this.#page(name, ref)
      if (outcome === 'ousted') {
        this.#end.abort()
        this.#context.ousted(term === undefined ? undefined : Number(term))
      }
      if (outcome !== 'more') return
    }
  }

  /** Sends a page of the log, and then notes that. In this order: what was sent twice is known as a repeat. */
  async #page(name: string, ref: SectionRef): Promise<readonly string[]> {
    const { store, connection } = this.#context
    const after = this.#cursors.get(name) ?? (await this.#noted(ref))
    const page = await store.changesSince(ref, after, PAGE)
    const sent = { epoch: page.standing.epoch, sequence: await this.#send(ref, page) }
    this.#cursors.set(name, sent)
    const { layout } = connection
    const own = [outboxIndex(ref, layout), cursorKey(ref, layout), metaKey(ref, layout)]
    const keys = layout.cluster ? own : [...own, leaseKeys(layout).lease]
    const args = [this.#term, name, sent.epoch, `${sent.sequence}`]
    const answer = await advance.run(connection, keys, args).catch((cause: unknown) => this.#away(cause))
    if (answer[0] !== 'more') this.#cursors.delete(name)
    return answer
  }

  /** How far it was sent by whoever had the lease before. */
  async #noted(ref: SectionRef): Promise<Place> {
    const { connection } = this.#context
    const cursor = cursorKey(ref, connection.layout)
    const asked = ['HMGET', cursor, 'epoch', 'sequence'] as const
    const noted = await connection.send(asked, cursor).catch((cause: unknown) => this.#away(cause))
    const [epoch, sequence] = noted as (string | null)[]
    return { epoch: epoch ?? '', sequence: Number(sequence ?? 0) }
  }

  #away(cause: unknown): never {
    throw storeError(cause, this.#context.connection, 'unknown')
  }

  /** Answers how far it came. */
  async #send(ref: SectionRef, { status, changes, standing, upTo }: LogPage): Promise<number> {
    const { bus, holder, tell } = this.#context
    const byKey = standing.definition?.follow === 'key'
    if (status === 'page') {
      if (changes.length === 0) return upTo
      if (!byKey) await bus.publish(ref, changes)
      else {
        const documents = Map.groupBy(changes, ({ key }) => key)
        await Promise.all([...documents].map(([key, own]) => bus.publish({ ...ref, key }, own)))
      }
      return upTo
    }
    tell({ type: 'log-truncated', ...ref })
    // of those that follow single documents nobody hears it
    if (!byKey) await bus.publish(ref, [reachedChange(standing, holder)])
    return standing.sequence
  }
}
