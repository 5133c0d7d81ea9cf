import type { DocumentRef } from '../model/address.ts'
import { type Json, jsonEqual } from '../model/json.ts'
import type { Runtime } from '../model/runtime.ts'
import type { LoadBatcher } from '../replica/load-batcher.ts'
import type { Replica } from '../replica/replica.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import type { LoadResult } from '../transport/store.ts'

/** How often a document that moves while it is compared is looked at again. */
const MAX_ATTEMPTS = 4
const MAX_CONCURRENT = 256
/** So many ms before a copy lapses the store may have expired the document: changes take time, and clocks differ. */
const EXPIRY_MARGIN_MS = 10_000

/** What a comparison of held documents with the store found. */
export interface VerificationResult {
  /** How many could be compared at one version. */
  readonly checked: number
  /** Those that were not equal: they are loaded anew. */
  readonly differing: readonly DocumentRef[]
}

type Verdict = 'equal' | 'different' | 'moving'

/** Compares what is held with what the store has, document by document, at one version each. */
export class Verification {
  readonly #section: SectionReplica
  readonly #loadBatcher: LoadBatcher
  readonly #runtime: Runtime

  constructor(section: SectionReplica, loadBatcher: LoadBatcher, runtime: Runtime) {
    this.#section = section
    this.#loadBatcher = loadBatcher
    this.#runtime = runtime
  }

  /** Compares so many of the documents held, picked at random; all, if there are no more. */
  async run(sample: number): Promise<VerificationResult> {
    const keys = pickRandom(this.#section.reader.heldKeys(), sample, this.#runtime)
    const differing: DocumentRef[] = []
    let checked = 0
    for (let at = 0; at < keys.length; at += MAX_CONCURRENT) {
      const keyBatch = keys.slice(at, at + MAX_CONCURRENT)
      const verdicts = await Promise.all(keyBatch.map((key) => this.#verifyDocument(key)))
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict !== 'moving') checked++
        if (verdict === 'different') differing.push({ ...this.#section.ref, key: keyBatch[index] as string })
      }
    }
    return { checked, differing }
  }

  async #verifyDocument(key: string): Promise<Verdict> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const verdict = await this.#compare(key)
      if (verdict !== 'moving') return verdict
      await this.#section.catchUp()
    }
    return 'moving'
  }

  async #compare(key: string): Promise<Verdict> {
    const { epochs, reader, ref } = this.#section
    const { switches } = epochs
    const askedAt = this.#runtime.elapsed()
    const loaded = await this.#loadBatcher.load({ ...ref, key })
    const replica = reader.peek(key)
    // not held any more: nothing of it is shown
    if (!replica) return 'equal'
    if (!this.#section.acceptAnswer(loaded.state, switches) || !replica.settled) return 'moving'
    if (sameVersion(replica, loaded)) return sameValue(replica, loaded) ? 'equal' : this.#markCorrupt(replica)
    const { sequence } = loaded.state
    // one of the two is older than the other
    if (this.#section.validAsOf(replica) < sequence || replica.sequence > sequence) return 'moving'
    const { document } = loaded
    if (document && replica.exists) return this.#markCorrupt(replica)
    // no sequence tells of an expiry, which only the later one of the two has seen
    const lapsesAt = document?.expiresIn === undefined ? replica.expiresAt : askedAt + document.expiresIn
    if (lapsesAt === undefined || lapsesAt - this.#runtime.elapsed() >= EXPIRY_MARGIN_MS)
      return this.#markCorrupt(replica)
    if (!document) reader.verifyExpiry(replica)
    return 'moving'
  }

  #markCorrupt(replica: Replica): Verdict {
    this.#section.reader.markCorrupt(replica)
    return 'different'
  }
}

/** So many of them, at random, each with the same chance (Fisher and Yates, ended early). */
function pickRandom(keys: string[], sample: number, runtime: Runtime): string[] {
  if (keys.length <= sample) return keys
  for (let at = 0; at < sample; at++) {
    const other = at + Math.floor(runtime.random() * (keys.length - at))
    const key = keys[other] as string
    keys[other] = keys[at] as string
    keys[at] = key
  }
  return keys.slice(0, sample)
}

const sameVersion = ({ value, generation, version }: Replica, { document }: LoadResult): boolean =>
  document && value ? document.generation === generation && document.version === version : !document && !value

const sameValue = ({ value }: Replica, { document }: LoadResult): boolean =>
  !value || !document || jsonEqual(value, JSON.parse(document.text) as Json)
