import type { Fleet } from './fleet.ts'
import type { Digest } from './services/commands.ts'

/** All documents in a few words, as the store and every replica have them. */
export interface Digests extends Digest {
  /** Those that have other documents than the store. */
  readonly differing: readonly string[]
}

/** Asks the store and every replica for the digest of all documents. To be equal they have to stand still. */
export async function collectDigests({ auditor, replicas }: Fleet): Promise<Digests> {
  const [stored, ...held] = await Promise.all([
    auditor.execute('digest'),
    ...replicas.map(async ({ name, execute }) => ({ name, ...(await execute('digest')) })),
  ])
  const differing = held.filter(({ digest }) => digest !== stored.digest).map(({ name }) => name)
  return { ...stored, differing }
}

/** Holds the writer, waits until every replica has all that was written, and lets it go on after `work`. */
export async function withWritesHeld<T>({ ingest, replicas }: Fleet, work: () => Promise<T>): Promise<T> {
  try {
    await ingest.execute('hold')
    await Promise.all(replicas.map(({ execute }) => execute('check')))
    return await work()
  } finally {
    await ingest.execute('release').catch(() => undefined)
  }
}
