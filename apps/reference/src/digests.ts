import type { Fleet } from './fleet.ts'
import type { Digest } from './services/commands.ts'

/** Digest of the store's documents, and the replicas that differ. */
export interface Digests extends Digest {
  /** Names of the replicas whose digest differs from the store's. */
  readonly differing: readonly string[]
}

/** Collects the digests of the store and of every replica. They are comparable only while no writes occur. */
export async function collectDigests({ auditor, replicas }: Fleet): Promise<Digests> {
  const [stored, ...replicaDigests] = await Promise.all([
    auditor.execute('digest'),
    ...replicas.map(async ({ name, execute }) => ({ name, ...(await execute('digest')) })),
  ])
  const differing = replicaDigests.filter(({ digest }) => digest !== stored.digest).map(({ name }) => name)
  return { ...stored, differing }
}

/** Pauses the writer, waits until every replica has all writes, runs `work`, and resumes the writer. */
export async function withWritesPaused<T>({ ingest, replicas }: Fleet, work: () => Promise<T>): Promise<T> {
  try {
    await ingest.execute('pauseWrites')
    await Promise.all(replicas.map(({ execute }) => execute('catchUp')))
    return await work()
  } finally {
    await ingest.execute('resumeWrites').catch(() => undefined)
  }
}
