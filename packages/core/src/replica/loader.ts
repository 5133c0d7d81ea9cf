import type { DocumentRef } from '../model/address.ts'
import type { Loaded } from '../transport/store.ts'
import type { StoreLink } from './store-link.ts'

/** Several calls rather than one large one: what the first answers is read while the store works at the next. */
const LARGEST = 16

interface Wanted {
  readonly ref: DocumentRef
  readonly resolve: (loaded: Loaded) => void
  readonly reject: (error: unknown) => void
}

/** Loads documents; what is wanted in one turn of the event loop is asked for together. */
export class Loader {
  readonly #link: StoreLink
  #wanted: Wanted[] = []

  constructor(link: StoreLink) {
    this.#link = link
  }

  load(ref: DocumentRef): Promise<Loaded> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.length === 0) queueMicrotask(() => this.#flush())
      this.#wanted.push({ ref, resolve, reject })
    })
  }

  #flush(): void {
    const wanted = this.#wanted
    this.#wanted = []
    for (let at = 0; at < wanted.length; at += LARGEST) void this.#ask(wanted.slice(at, at + LARGEST))
  }

  async #ask(wanted: readonly Wanted[]): Promise<void> {
    try {
      const loaded = await this.#link.read((store) => store.load(wanted.map(({ ref }) => ref)))
      for (const [at, { resolve }] of wanted.entries()) resolve(loaded[at] as Loaded)
    } catch (error) {
      // one that cannot be served must not take the others with it
      if (wanted.length > 1) for (const one of wanted) void this.#ask([one])
      else for (const { reject } of wanted) reject(error)
    }
  }
}
