import type { Store } from '../transport/store.ts'
import type { SectionContext, SectionOptions } from './context.ts'
import type { Documents } from './documents.ts'
import type { History } from './history.ts'
import type { Replicas } from './replicas.ts'

const AT_ONCE = 500

/** What a scan fills. */
interface Parts {
  readonly history: History
  readonly documents: Documents
  readonly replicas: Replicas
}

/** Holds every document that a section has, where all should be held. */
export class Scan {
  readonly #options: SectionOptions
  readonly #context: SectionContext
  readonly #parts: Parts
  #begun = 0
  #last: Promise<void> | undefined

  constructor(options: SectionOptions, context: SectionContext, parts: Parts) {
    this.#options = options
    this.#context = context
    this.#parts = parts
  }

  get underWay(): boolean {
    return this.#last !== undefined
  }

  /** Resolves when all is held that there is in the history that we are in by then. */
  run(): Promise<void> {
    if (this.#options.replicate !== 'all') return Promise.resolve()
    const number = ++this.#begun
    this.#parts.replicas.complete = false
    this.#last = this.#run(number).finally(() => {
      if (number === this.#begun) this.#last = undefined
    })
    return this.#last
  }

  async #run(number: number): Promise<void> {
    const { history, documents, replicas } = this.#parts
    for (let upTo: number | undefined; upTo === undefined; ) {
      const { adoptions } = history
      await this.#context.link.read((store) => this.#holdListed(store))
      upTo = await documents.confirm(adoptions)
      // a later one, of a later history, is the one that counts
      if (number !== this.#begun) return this.#last
    }
    replicas.complete = true
    replicas.forgetAbsent()
  }

  async #holdListed(store: Store): Promise<void> {
    let holding: Promise<unknown>[] = []
    for await (const key of store.keys(this.#options.ref)) {
      const held = this.#parts.documents.hold(key)
      // one that is refused is told below, once the next keys are there
      held.catch(() => {})
      holding.push(held)
      if (holding.length < AT_ONCE) continue
      await Promise.all(holding)
      holding = []
    }
    await Promise.all(holding)
  }
}
