import type { Head, HeadQuestion } from '../transport/store.ts'
import type { StoreLink } from './store-link.ts'

/** What is asked on behalf of someone, as of now, and who takes the answers. */
export interface Inquiry {
  readonly questions: readonly HeadQuestion[]
  /** Resolves when the answers have been worked in. */
  answer(heads: readonly Head[]): Promise<void>
}

/** Someone who can be asked where they stand, and be told where they should. */
export interface Checked {
  inquire(): Inquiry
}

interface Asked {
  readonly job: PromiseWithResolvers<void>
  readonly inquiry: Inquiry
}

/** The silence check: whoever wants one in the same turn is asked about in the same call. */
export class Checker {
  readonly #link: StoreLink
  #wanted = new Map<Checked, PromiseWithResolvers<void>>()

  constructor(link: StoreLink) {
    this.#link = link
  }

  /** Resolves when `what` holds all that the store held at the time of this call. */
  check(what: Checked): Promise<void> {
    const waiting = this.#wanted.get(what)
    if (waiting) return waiting.promise
    if (this.#wanted.size === 0) queueMicrotask(() => this.#flush())
    const job = Promise.withResolvers<void>()
    this.#wanted.set(what, job)
    return job.promise
  }

  #flush(): void {
    const asked = [...this.#wanted].map(([what, job]) => ({ job, inquiry: what.inquire() }))
    this.#wanted = new Map()
    void this.#ask(asked)
  }

  async #ask(asked: readonly Asked[]): Promise<void> {
    let heads: readonly Head[]
    try {
      const questions = asked.flatMap(({ inquiry }) => inquiry.questions)
      heads = await this.#link.read((store) => store.heads(questions))
    } catch (error) {
      // one that cannot be served must not take the others with it
      if (asked.length > 1) for (const one of asked) void this.#ask([one])
      else for (const { job } of asked) job.reject(error)
      return
    }
    let at = 0
    for (const { job, inquiry } of asked) {
      const mine = heads.slice(at, at + inquiry.questions.length)
      at += mine.length
      job.resolve(inquiry.answer(mine))
    }
  }
}
