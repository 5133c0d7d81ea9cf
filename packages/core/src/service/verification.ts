import type { DocumentRef } from '../model/address.ts'
import { type Json, jsonEqual } from '../model/json.ts'
import type { Runtime } from '../model/runtime.ts'
import type { LoadBatcher } from '../replica/load-batcher.ts'
import type { Replica } from '../replica/replica.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import type { LoadResult } from '../transport/store.ts'

/** Maximum number of comparisons of a document that changes during the comparison. */
const MAX_ATTEMPTS = 4
const MAX_CONCURRENT = 256
/**
 * Time before a replica's expiry, in ms, within which the store may already have expired the document: messages take
 * time, and clocks differ.
 */
const EXPIRY_MARGIN_MS = 10_000

type Verdict = 'equal' | 'different' | 'moving'

/** Compares cached documents with the store's, each at one version. */
export class Verification {
  readonly #section: SectionReplica
  readonly #loadBatcher: LoadBatcher
  readonly #runtime: Runtime

  constructor(section: SectionReplica, loadBatcher: LoadBatcher, runtime: Runtime) {
    this.#section = section
    this.#loadBatcher = loadBatcher
    this.#runtime = runtime
  }

  /** Compares up to `sample` cached documents, chosen at random. */
  async run(sample: number): Promise<VerificationResult> {
    const keys = pickRandom(this.#section.reader.cachedKeys(), sample, this.#runtime)
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
    // evicted in the meantime: no reader sees it
    if (!replica) return 'equal'
    if (!this.#section.acceptAnswer(loaded.state, switches) || !replica.settled) return 'moving'
    if (sameVersion(replica, loaded)) return sameValue(replica, loaded) ? 'equal' : this.#markCorrupt(replica)
    const { sequence } = loaded.state
    // the two states are of different ages
    if (this.#section.validAsOf(replica) < sequence || replica.sequence > sequence) return 'moving'
    const { document } = loaded
    if (document && replica.exists) return this.#markCorrupt(replica)
    // an expiry has no sequence, and only the later of the two states can reflect it
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

/** Returns a random sample in which each key is equally likely (Fisher–Yates shuffle, stopped early). */
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

/** Result of a comparison of cached documents with the store. */
export interface VerificationResult {
  /** Number of documents that could be compared at one version. */
  readonly checked: number
  /** Documents that differed. They are reloaded. */
  readonly differing: readonly DocumentRef[]
}
