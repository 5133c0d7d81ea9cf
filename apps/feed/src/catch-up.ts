import { setTimeout } from 'node:timers/promises'

/** The part of an instance that catching up requires. */
export interface Follower {
  readonly name: string
  /** Repairs everything that the replica missed. Resolves when it is up to date; rejects while the store is unavailable. */
  check(): Promise<void>
}

const RETRY_MS = 200

/**
 * Waits until every follower has every change that was written before the call. Retries followers that fail.
 * @throws Error with the names of the followers that have not caught up by the deadline
 */
export async function catchUp(followers: readonly Follower[], deadlineMs: number, signal: AbortSignal): Promise<void> {
  const stopWaiting = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  const behind = new Map<string, Error | undefined>(followers.map(({ name }) => [name, undefined]))
  const aborted = new Promise<void>((resolve) => stopWaiting.addEventListener('abort', () => resolve(), { once: true }))
  const all = followers.map(async ({ name, check }) => {
    while (!stopWaiting.aborted) {
      try {
        await check()
        behind.delete(name)
        return
      } catch (error) {
        behind.set(name, error as Error)
        await setTimeout(RETRY_MS)
      }
    }
  })
  await Promise.race([Promise.all(all), aborted])
  if (behind.size === 0 || signal.aborted) return
  const reasons = [...behind].map(([name, error]) => (error ? `${name} (${error.message})` : name))
  throw new Error(
    `expected every replica to catch up within ${deadlineMs / 1_000} s, still behind: ${reasons.join(', ')}`,
  )
}
