import type { StoreLink } from '../replica/store-link.ts'
import type { CommitRequest, CommitResult } from '../transport/store.ts'

const OUTSTANDING = 4
const MOST_REQUESTS = 64
const MOST_CHARACTERS = 256 * 1024

interface Waiting {
  readonly request: CommitRequest
  readonly resolve: (result: CommitResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: writes to different documents that wait while calls are in flight go to the store together. There is no
 * timer: a lone write goes at the end of its turn of the event loop.
 */
export class Committer {
  readonly #link: StoreLink
  #waiting: Waiting[] = []
  #outstanding = 0
  #scheduled = false

  constructor(link: StoreLink) {
    this.#link = link
  }

  /** Rejects with `SYNC_STORE_AWAY` if there was no answer: the outcome is unknown, ask again under the same op id. */
  commit(request: CommitRequest): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        this.#send()
      })
    })
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#outstanding < OUTSTANDING) void this.#sendGroup(this.#takeGroup())
  }

  #takeGroup(): Waiting[] {
    let characters = 0
    let count = 0
    for (const { request } of this.#waiting) {
      characters += weight(request)
      if (count > 0 && (count >= MOST_REQUESTS || characters > MOST_CHARACTERS)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #sendGroup(group: readonly Waiting[]): Promise<void> {
    this.#outstanding++
    try {
      const results = await this.#link.commit(group.map(({ request }) => request))
      for (const [at, { resolve }] of group.entries()) resolve(results[at] as CommitResult)
    } catch (error) {
      for (const { reject } of group) reject(error)
    } finally {
      this.#outstanding--
      this.#send()
    }
  }
}

const weight = ({ fields }: CommitRequest): number =>
  fields.reduce(
    (sum, { field, whole, delta }) => sum + field.length + (whole?.length ?? 0) + (delta?.ops.length ?? 0),
    0,
  )
