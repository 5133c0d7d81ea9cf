import type { DocumentRef } from '../model/address.ts'
import { type Json, jsonEqual } from '../model/json.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Loader } from '../replica/loader.ts'
import type { Replica } from '../replica/replica.ts'
import type { Section } from '../replica/section.ts'
import type { Loaded } from '../transport/store.ts'

/** How often a document that moves while it is compared is looked at again. */
const MOST_LOOKS = 4
const AT_ONCE = 256
/** So many ms before a copy lapses the store may have expired the document: changes take time, and clocks differ. */
const LAPSES_SOON = 10_000

/** What a comparison of held documents with the store found. */
export interface Verified {
  /** How many could be compared at one version. */
  readonly checked: number
  /** Those that were not equal: they are loaded anew. */
  readonly differing: readonly DocumentRef[]
}

type Verdict = 'equal' | 'different' | 'moving'

/** Compares what is held with what the store has, document by document, at one version each. */
export class Verification {
  readonly #section: Section
  readonly #loader: Loader
  readonly #runtime: Runtime

  constructor(section: Section, loader: Loader, runtime: Runtime) {
    this.#section = section
    this.#loader = loader
    this.#runtime = runtime
  }

  /** Compares so many of the documents held, picked at random; all, if there are no more. */
  async run(sample: number): Promise<Verified> {
    const keys = pick(this.#section.documents.heldKeys(), sample, this.#runtime)
    const differing: DocumentRef[] = []
    let checked = 0
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE)
      const verdicts = await Promise.all(some.map((key) => this.#judge(key)))
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict !== 'moving') checked++
        if (verdict === 'different') differing.push({ ...this.#section.ref, key: some[index] as string })
      }
    }
    return { checked, differing }
  }

  async #judge(key: string): Promise<Verdict> {
    for (let look = 1; look <= MOST_LOOKS; look++) {
      const verdict = await this.#compare(key)
      if (verdict !== 'moving') return verdict
      await this.#section.check()
    }
    return 'moving'
  }

  async #compare(key: string): Promise<Verdict> {
    const { history, documents, ref } = this.#section
    const { adoptions } = history
    const askedAt = this.#runtime.elapsed()
    const loaded = await this.#loader.load({ ...ref, key })
    const replica = documents.peek(key)
    // not held any more: nothing of it is shown
    if (!replica) return 'equal'
    if (!this.#section.hear(loaded.standing, adoptions) || !replica.settled) return 'moving'
    if (sameVersion(replica, loaded)) return sameValue(replica, loaded) ? 'equal' : this.#refute(replica)
    const { sequence } = loaded.standing
    // one of the two is older than the other
    if (this.#section.asOf(replica) < sequence || replica.seen > sequence) return 'moving'
    const { document } = loaded
    if (document && replica.exists) return this.#refute(replica)
    // no sequence tells of an expiry, which only the later one of the two has seen
    const lapsesAt = document?.expiresIn === undefined ? replica.lapsesAt : askedAt + document.expiresIn
    if (lapsesAt === undefined || lapsesAt - this.#runtime.elapsed() >= LAPSES_SOON) return this.#refute(replica)
    if (!document) documents.lapse(replica)
    return 'moving'
  }

  #refute(replica: Replica): Verdict {
    this.#section.documents.refute(replica)
    return 'different'
  }
}

/** So many of them, at random, each with the same chance (Fisher and Yates, ended early). */
function pick(keys: string[], sample: number, runtime: Runtime): string[] {
  if (keys.length <= sample) return keys
  for (let at = 0; at < sample; at++) {
    const other = at + Math.floor(runtime.random() * (keys.length - at))
    const key = keys[other] as string
    keys[other] = keys[at] as string
    keys[at] = key
  }
  return keys.slice(0, sample)
}

const sameVersion = ({ value, generation, version }: Replica, { document }: Loaded): boolean =>
  document && value ? document.generation === generation && document.version === version : !document && !value

const sameValue = ({ value }: Replica, { document }: Loaded): boolean =>
  !value || !document || jsonEqual(value, JSON.parse(document.text) as Json)
