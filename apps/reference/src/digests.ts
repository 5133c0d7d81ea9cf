import type { Fleet } from './fleet.ts'
import type { Digest } from './services/orders.ts'

/** All documents in a few words, as the store and every replica have them. */
export interface Digests extends Digest {
  /** Those that have other documents than the store. */
  readonly differing: readonly string[]
}

/** Asks the store and every replica for the digest of all documents. To be equal they have to stand still. */
export async function digestsOf({ auditor, replicas }: Fleet): Promise<Digests> {
  const [stored, ...held] = await Promise.all([
    auditor.ask('digest'),
    ...replicas.map(async ({ name, ask }) => ({ name, ...(await ask('digest')) })),
  ])
  const differing = held.filter(({ digest }) => digest !== stored.digest).map(({ name }) => name)
  return { ...stored, differing }
}

/** Holds the writer, waits until every replica has all that was written, and lets it go on after `work`. */
export async function standingStill<T>({ ingest, replicas }: Fleet, work: () => Promise<T>): Promise<T> {
  try {
    await ingest.ask('hold')
    await Promise.all(replicas.map(({ ask }) => ask('check')))
    return await work()
  } finally {
    await ingest.ask('release').catch(() => undefined)
  }
}
