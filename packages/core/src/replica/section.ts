import { Watermark } from '../buffer/watermark.ts'
import type { Scope, SectionRef } from '../model/address.ts'
import type { Change } from '../model/change.ts'
import type { Place } from '../model/position.ts'
import { decodeChange } from '../transport/decode.ts'
import type { Head } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'
import type { Standing } from '../versioning/lineage.ts'
import { Agreement } from './agreement.ts'
import type { Checked, Inquiry } from './checker.ts'
import type { SectionContext, SectionOptions } from './context.ts'
import { Documents } from './documents.ts'
import { History } from './history.ts'
import { Incoming } from './incoming.ts'
import { OrderedFeed } from './ordered-feed.ts'
import { Repair } from './repair.ts'
import type { Replica } from './replica.ts'
import { Replicas } from './replicas.ts'
import { Scan } from './scan.ts'
import { Subscriptions } from './subscriptions.ts'

/** Where interest spreads asynchronously, one more look after this many ms finds what slipped by. */
const RECHECK = 100

/**
 * One section as an instance follows it.
 *
 * Changes come in by `receive` (the bus) and `acceptOwn` (own commits), go to the replicas of their documents, and in the
 * order of the section's sequence to `ordered`. What the bus lost shows as a hole in the sequence, or in the silence check.
 */
export class Section implements Checked {
  readonly options: SectionOptions
  readonly history: History = new History()
  readonly documents: Documents
  /** Changes in sequence order, for those who watch more than one document. */
  readonly ordered: OrderedFeed = new OrderedFeed()
  readonly #context: SectionContext
  readonly #water = new Watermark()
  readonly #replicas: Replicas
  readonly #repair: Repair
  readonly #scan: Scan
  readonly #incoming: Incoming
  readonly #subscriptions: Subscriptions
  readonly #agreement: Agreement
  readonly #onClose = new Set<() => void>()
  #following: Promise<void> | undefined
  #ready: Promise<void> | undefined
  /** Something speaks for it that the check about to be made finds what was missed. */
  #urgent = false
  #looksAgain = false
  #verifiedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: SectionOptions, context: SectionContext) {
    this.options = options
    this.#context = context
    this.#agreement = new Agreement(options, (theirs) => {
      const { follow, digest } = options
      context.emit({ ...options.ref, type: 'definition-mismatch', ours: { follow, digest }, theirs })
    })
    this.#subscriptions = new Subscriptions({
      ...context,
      onFrame: (frame) => this.receive(frame),
      onLate: () => this.recheck(),
      background: (work) => this.#background(work),
    })
    const [history, water, ordered] = [this.history, this.#water, this.ordered] as const
    const hear = (standing: Standing, adoption: number): boolean => this.hear(standing, adoption)
    const replicas = new Replicas(options, context, history, water, {
      hear,
      waiting: () => this.#repair.soon(),
      // where documents are followed by key nothing has an order among them: it would wait for good
      wants: (sequence) => options.follow === 'section' && ordered.wants(sequence),
      applied: (observation) => {
        if (options.follow === 'section') ordered.put(observation.sequence, () => observation)
      },
      beside: (observation) => ordered.tell(observation),
      subscribe: (key) => this.#subscribe({ ...options.ref, key }),
      unsubscribe: (key) => this.#background(this.#subscriptions.remove({ ...options.ref, key })),
    })
    this.#replicas = replicas
    this.documents = new Documents(options, context, { history, replicas }, hear)
    this.#scan = new Scan(options, context, { history, documents: this.documents, replicas })
    this.#repair = new Repair(
      options,
      context,
      { history, water, replicas, ordered },
      {
        hear,
        take: (change, size) => this.#incoming.take(change, size),
        verified: (askedAt) => this.#verified(askedAt),
        holdAll: () => this.#scan.run(),
      },
    )
    this.#incoming = new Incoming(options, context, {
      history,
      water,
      replicas,
      ordered,
      repair: this.#repair,
      suspect: () => this.checkNow(),
    })
  }

  /** Does anybody use it? */
  get inUse(): boolean {
    return this.#following !== undefined
  }

  get closed(): boolean {
    return this.#closed
  }

  get ref(): SectionRef {
    return this.options.ref
  }

  /** This far everything has been seen. */
  get place(): Place {
    return { epoch: this.history.epoch, sequence: this.#water.gapFree }
  }

  /** How far it is, once it has joined; not of one that is followed by key. */
  get progress(): (SectionRef & Place & { readonly behind: number }) | undefined {
    if (!this.#incoming.opened || this.options.follow === 'key') return undefined
    const { highest, gapFree } = this.#water
    return { ...this.ref, ...this.place, behind: highest - gapFree }
  }

  get buffered(): number {
    return this.#incoming.waiting + this.#replicas.buffered
  }

  get watchers(): number {
    return this.ordered.size + this.#replicas.observers.size
  }

  /** Would a change be heard now? */
  get hears(): boolean {
    return this.#subscriptions.complete && this.#context.hears()
  }

  /** Is nothing known to be missing; and when was that certain, by this instance's `elapsed`? */
  health(): { readonly settled: boolean; readonly verifiedAt: number } {
    const complete = this.options.replicate === 'on-read' || this.#replicas.complete
    const settled =
      this.#incoming.opened &&
      complete &&
      !this.#repair.pending &&
      this.#water.beyond === 0 &&
      !this.#replicas.reloading
    return { settled, verifiedAt: this.#verifiedAt }
  }

  // ---- joining ---------------------------------------------------------------------------------------------------

  /** Resolves when the section is followed, and all of it held where it should be. */
  ready(): Promise<void> {
    this.#ready ??= this.follow()
      .then(() => this.#scan.run())
      .catch((error: unknown) => {
        this.#ready = undefined
        throw error
      })
    return this.#ready
  }

  /** Resolves when every change from now on is heard. */
  follow(): Promise<void> {
    this.#following ??= this.#join().catch((error: unknown) => {
      this.#following = undefined
      throw error
    })
    return this.#following
  }

  /** Subscribe first, then learn where the section stands. Loads come after. */
  async #join(): Promise<void> {
    if (this.options.follow === 'section') await this.#subscribe(this.ref)
    await this.check()
  }

  async #subscribe(scope: Scope): Promise<void> {
    if (await this.#subscriptions.add(scope)) this.#lookAgain()
  }

  /** Where interest spreads asynchronously, what slipped by is found soon. */
  #lookAgain(): void {
    const { bus, runtime } = this.#context
    if (bus.capabilities.live === 'at-once' || this.#looksAgain) return
    this.#looksAgain = true
    const look = (): void => {
      this.#looksAgain = false
      this.checkNow()
    }
    runtime.schedule(look, RECHECK, 'upkeep')
  }

  #joinAt(standing: Standing, askedAt: number): void {
    this.history.adopt(standing)
    this.#agreement.compare(standing)
    this.#water.startAt(standing.sequence)
    this.ordered.startAt(standing.sequence)
    this.#verified(askedAt)
    this.#incoming.open()
    // what is watched may be so since an earlier attempt to follow, which failed
    for (const key of this.documents.observers.keys()) this.#background(this.documents.hold(key))
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  /** The document's replica, once something is known of it. */
  async hold(key: string): Promise<Replica> {
    if (!this.#incoming.opened) await this.follow()
    return this.documents.hold(key)
  }

  /** The document as of `place` or later. */
  async holdAfter(key: string, place: Place): Promise<Replica> {
    const replica = await this.hold(key)
    if (!this.history.holds(place)) return this.documents.refresh(key)
    return this.asOf(replica) >= place.sequence ? replica : this.renew(key)
  }

  /** The document as the store has it now. Whoever watches it is told of each change on the way, where the log has them. */
  async renew(key: string): Promise<Replica> {
    const watched = this.options.follow === 'section' && this.documents.observers.has(key)
    if (!watched) return this.documents.refresh(key)
    await this.check()
    return this.documents.settled(key)
  }

  /** The document as its replica has it with nothing under way, as of that sequence or later. */
  async settledAfter(key: string, sequence: number): Promise<Replica> {
    const replica = await this.documents.settled(key)
    return this.asOf(replica) >= sequence ? replica : this.renew(key)
  }

  /** The document as of that sequence or later, without holding it from now on. */
  glance(key: string, sequence: number): Promise<Replica> {
    return this.documents.glance(key, (held) => this.asOf(held) >= sequence)
  }

  /** The sequence as of which the document is known to be as it is held. */
  asOf(replica: Replica): number {
    const covered = this.options.follow === 'section' && replica.settled
    return covered ? Math.max(replica.seen, this.#water.gapFree) : replica.seen
  }

  /** Lets go of what is held of a document, or loads it anew where it has to stay. */
  async forget(key: string): Promise<void> {
    if (!this.inUse) return
    await this.follow()
    await this.documents.forget(key)
  }

  // ---- epochs ----------------------------------------------------------------------------------------------------

  /**
   * Takes note of where an answer stands, and adopts its epoch if that is due. True: it speaks of the epoch we are in.
   * False: it was asked before that epoch was adopted; what it says has to be asked again.
   */
  hear(standing: Standing, adoption: number): boolean {
    if (standing.epoch !== this.history.epoch) {
      if (adoption !== this.history.adoptions) return false
      this.#adopt(standing)
    }
    this.#water.shown(standing.sequence)
    this.history.note(standing)
    this.#agreement.compare(standing)
    return true
  }

  /** Goes on in the history that the store has now. */
  #adopt(standing: Standing): void {
    const from = this.history.epoch
    const fork = this.history.adopt(standing)
    const goesOn = (sequence: number): boolean => fork !== undefined && sequence <= fork
    const lost = !goesOn(this.#water.highest)
    this.#context.emit({
      ...this.ref,
      type: 'epoch',
      from,
      to: standing.epoch,
      lost,
      ...(fork !== undefined && { fork }),
    })
    if (fork === undefined) this.#water.startAt(standing.sequence)
    else this.#water.cutAt(fork)
    this.#incoming.adopted()
    this.ordered.adopt(this.#water.gapFree, fork)
    this.#replicas.carryOver(from, goesOn)
    // what was forgotten as deleted may be there again
    if (lost) this.#background(this.#scan.run())
    if (this.options.follow === 'key') this.checkNow()
    else if (standing.sequence > this.#water.gapFree) this.#background(this.#repair.catchUp())
  }

  // ---- changes ---------------------------------------------------------------------------------------------------

  /** Takes a frame from the bus. */
  receive(frame: string | Uint8Array): void {
    if (!this.#closed) this.#incoming.receive(frame)
  }

  /** An own commit: it goes the way of every change, unless the bus was faster. */
  acceptOwn(encoded: EncodedChange): void {
    if (!this.#hasShown(encoded)) this.#incoming.accept(decodeChange(encoded), encoded.text.length)
  }

  /** A change of our history, read from the log: it goes the way of every change. Its text has `size` characters. */
  acceptLogged(change: Change, size: number): void {
    this.#incoming.take(change, size)
  }

  /** The changes of a document that came here lately, in their order. */
  recent(key: string): Change[] {
    return this.#incoming.recent(key)
  }

  /** Does our history hold this commit, and the replica (if there is one) show it? */
  shows(key: string, place: Place): boolean {
    return this.history.holds(place) && this.#replicas.shows(key, place.sequence)
  }

  /** Has it gone all its way already? */
  #hasShown({ key, epoch, sequence }: EncodedChange): boolean {
    const heard = this.options.follow === 'key' || sequence <= this.#water.gapFree
    return heard && this.shows(key, { epoch, sequence })
  }

  /**
   * Resolves when the replica of `key`, if there is one, shows what `place` has; when it cannot, because its load was refused;
   * or when another epoch was adopted.
   */
  async untilShown(key: string, place: Place): Promise<void> {
    const replica = this.#replicas.find(key)
    const { adoptions } = this.history
    const over = (): boolean => replica?.failed !== undefined || this.history.adoptions !== adoptions
    if (replica) await this.#replicas.until(replica, () => this.shows(key, place) || over())
  }

  // ---- the silence check -----------------------------------------------------------------------------------------

  /** Asks the store now whether anything was missed; resolves when it is mended. */
  check(): Promise<void> {
    this.#urgent = true
    return this.#context.checker.check(this)
  }

  /** A check that nobody waits for. One that has not joined yet asks by itself. */
  checkNow(): void {
    if (this.#incoming.opened) this.#background(this.check())
  }

  /** A check for no reason but that it is time: what is on its way then is waited for. */
  checkRegularly(): void {
    if (this.#incoming.opened) this.#background(this.#context.checker.check(this))
  }

  /** The bus is there again: what was missed is asked for. */
  recheck(): void {
    this.checkNow()
    this.#lookAgain()
  }

  inquire(): Inquiry {
    const urgent = this.#urgent
    this.#urgent = false
    const { adoptions, epoch } = this.history
    const askedAt = this.#context.runtime.elapsed()
    const shown = { epoch, sequence: this.#water.highest }
    const held = this.options.follow === 'key' ? this.#replicas.known() : []
    return {
      questions: [
        { scope: this.ref, ...(this.#incoming.opened && { shown }) },
        ...held.map(({ key }) => ({ scope: { ...this.ref, key } })),
      ],
      answer: async ([head, ...documents]) => {
        const { standing } = head as Head
        if (this.#closed) return
        if (!this.#incoming.opened) this.#joinAt(standing, askedAt)
        else if (!this.hear(standing, adoptions)) await this.check()
        else {
          const { adoptions: heard } = this.history
          const stale = held.some((replica, at) => this.#replicas.isBehind(replica, documents[at] as Head))
          const behind = this.options.follow === 'key' ? stale : this.#isBehind(standing)
          if (behind && !urgent) await this.#reorderWindow()
          for (const [at, each] of documents.entries()) this.#replicas.compare(held[at] as Replica, each, adoptions)
          this.#replicas.loadFailed()
          if (this.options.follow === 'section') await this.#catchUpTo(standing)
          await this.#replicas.reloaded()
          // in another history nothing is certain as of that question
          if (this.history.adoptions !== heard) return this.check()
          // what is to be held could not be listed
          if (!this.#replicas.complete && !this.#scan.underWay) this.#background(this.#scan.run())
          this.#replicas.forgetAbsent()
          this.#verified(askedAt)
        }
      },
    }
  }

  async #catchUpTo(standing: Standing): Promise<void> {
    if (this.#isBehind(standing)) await this.#repair.catchUp()
    // the one that was under way may have asked before we did
    if (this.#isBehind(standing)) await this.#repair.catchUp()
  }

  #isBehind({ epoch, sequence }: Standing): boolean {
    return epoch === this.history.epoch && sequence > this.#water.gapFree
  }

  /** What is on its way comes by itself meanwhile: to ask the store for it would be no repair. */
  #reorderWindow(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#context.runtime.schedule(resolve, this.options.reorderWindow)
    return promise
  }

  #verified(askedAt: number): void {
    // one that could not be loaded may be older
    if (!this.#replicas.failing) this.#verifiedAt = Math.max(this.#verifiedAt, askedAt)
  }

  // ---- the end ---------------------------------------------------------------------------------------------------

  #background(work: Promise<unknown>): void {
    this.#context.background(this.ref, work)
  }

  /** Calls `listener` when the section is closed. The returned function takes it back. */
  onClose(listener: () => void): () => void {
    this.#onClose.add(listener)
    return () => this.#onClose.delete(listener)
  }

  /** Ends everything; whoever waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    this.#repair.close()
    this.#replicas.close()
    for (const closed of this.#onClose) closed()
    await this.#subscriptions.close()
  }
}
