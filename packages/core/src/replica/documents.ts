import type { Head } from '../transport/store.ts'
import type { Standing } from '../versioning/lineage.ts'
import type { SectionContext, SectionOptions } from './context.ts'
import type { History } from './history.ts'
import type { Observers } from './observers.ts'
import type { Replica } from './replica.ts'
import type { Replicas } from './replicas.ts'

/** The documents of a section, for who reads them: what is not held yet is loaded. */
export class Documents {
  readonly #options: SectionOptions
  readonly #context: SectionContext
  readonly #history: History
  readonly #replicas: Replicas
  readonly #hear: (standing: Standing, adoption: number) => boolean

  constructor(
    options: SectionOptions,
    context: SectionContext,
    parts: { readonly history: History; readonly replicas: Replicas },
    hear: (standing: Standing, adoption: number) => boolean,
  ) {
    this.#options = options
    this.#context = context
    this.#history = parts.history
    this.#replicas = parts.replicas
    this.#hear = hear
  }

  /** How many exist of those that are held. */
  get held(): number {
    return this.#replicas.held
  }

  /** Who watches single documents, in the order of their changes. */
  get observers(): Observers {
    return this.#replicas.observers
  }

  /** What is known of a document right now. */
  peek(key: string): Replica | undefined {
    const replica = this.#replicas.find(key)
    if (replica) return replica.known ? replica : undefined
    return this.#replicas.complete ? this.#replicas.absent(key) : undefined
  }

  /** What may be read of a document without asking: it is known and has not lapsed. */
  current(key: string): Replica | undefined {
    const replica = this.peek(key)
    if (!replica || this.#replicas.expiry.lapsed(replica)) return undefined
    this.#replicas.expiry.read(replica)
    replica.read = true
    return replica
  }

  /** The document's replica, once something is known of it that has not lapsed. */
  async hold(key: string): Promise<Replica> {
    const found = this.#replicas.find(key)
    const replica = found ?? this.#replicas.begin(key)
    if (replica.failed) this.#replicas.load(replica)
    else if (this.#replicas.expiry.lapsed(replica) && replica.load === 0) this.#replicas.reload(replica, 'expired')
    if (found) found.read = true
    const readable = (): boolean => replica.known && !this.#replicas.expiry.lapsed(replica)
    if (!readable()) await this.#replicas.until(replica, readable)
    this.#replicas.expiry.read(replica)
    return replica
  }

  /** The document's replica with nothing under way: what a write may be built on. */
  async settled(key: string): Promise<Replica> {
    const replica = await this.hold(key)
    if (!replica.settled) await this.#replicas.until(replica, () => replica.settled)
    return replica
  }

  /** Loads the document anew. Resolves when that, or something newer, is held. */
  async refresh(key: string): Promise<Replica> {
    let replica = await this.hold(key)
    // it may have been let go on the way back from there
    while (this.#replicas.find(key) !== replica) replica = await this.hold(key)
    // one that is under way may have been answered before this call
    const before = this.#replicas.loads
    while (replica.loaded <= before) {
      if (replica.load === 0) this.#replicas.reload(replica, replica.reason)
      const { load } = replica
      await this.#replicas.until(replica, () => replica.load !== load)
      // what asking again cannot mend is not asked again
      if (replica.failed) throw replica.failed.cause
    }
    await this.#replicas.until(replica, () => replica.settled)
    return replica
  }

  /** Lets go of what is held of a document. What has to stay is loaded anew: resolves when that, or something newer, is held. */
  async forget(key: string): Promise<void> {
    const replica = this.#replicas.find(key)
    const gone = replica ? this.#replicas.release(replica) : this.#options.replicate === 'on-read'
    if (!gone) await this.refresh(key)
  }

  /** What is held of a document is wrong: it is loaded anew, and whoever watches is told what it is. */
  refute(replica: Replica): void {
    const { key, version } = replica
    this.#context.emit({ ...this.#options.ref, type: 'inconsistent', key, version })
    this.#replicas.refute(replica)
  }

  /** What is held of a document may have come to its end: the store is asked. */
  lapse(replica: Replica): void {
    if (replica.load === 0) this.#replicas.reload(replica, 'expired')
  }

  /**
   * A document as it is now, without holding it from now on. What is read of the answer is read at once: it may live on.
   * `suffices`: will what is held do, where it can be read?
   */
  async glance(key: string, suffices: (held: Replica) => boolean = () => true): Promise<Replica> {
    const held = this.peek(key)
    if (held?.settled && !this.#replicas.expiry.lapsed(held) && suffices(held)) return held
    for (;;) {
      const { adoptions } = this.#history
      const loaded = await this.#context.loader.load({ ...this.#options.ref, key })
      if (!this.#hear(loaded.standing, adoptions)) continue
      const passing = this.#replicas.replica(key)
      passing.install(loaded, this.#context.runtime.elapsed())
      return passing
    }
  }

  /**
   * How far the section is in the history that we were in at that adoption: what lists its keys does not say of which history
   * they are. `undefined`: we are in another one by now, and what was listed before has to be listed again.
   */
  async confirm(adoption: number): Promise<number | undefined> {
    const [head] = await this.#context.link.read((store) => store.heads([{ scope: this.#options.ref }]))
    const { standing } = head as Head
    return this.#hear(standing, adoption) && this.#history.adoptions === adoption ? standing.sequence : undefined
  }

  /** The keys of the documents that exist, of those that are held. */
  heldKeys(): string[] {
    return this.#replicas.keys()
  }

  /** The keys of all documents that the store has, or of those whose key begins so. */
  async keys(prefix?: string): Promise<string[]> {
    const { link } = this.#context
    const options = prefix === undefined ? {} : { prefix }
    return link.read(async (store) => {
      const keys: string[] = []
      for await (const key of store.keys(this.#options.ref, options)) keys.push(key)
      return keys
    })
  }
}
