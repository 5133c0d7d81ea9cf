import { setTimeout } from 'node:timers/promises'

/** What catching up needs of an instance. */
export interface Follower {
  readonly name: string
  /** Asks the store whether anything was missed, and waits until it is repaired; rejects while the store is away. */
  check(): Promise<void>
}

const RETRY_MS = 200

/**
 * Waits until every follower has asked the store and holds all that was written before.
 * @throws Error naming those that had not managed it by the deadline
 */
export async function catchUp(followers: readonly Follower[], deadlineMs: number, signal: AbortSignal): Promise<void> {
  const stopWaiting = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  const behind = new Map<string, Error | undefined>(followers.map(({ name }) => [name, undefined]))
  const ended = new Promise<void>((resolve) => stopWaiting.addEventListener('abort', () => resolve(), { once: true }))
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
  await Promise.race([Promise.all(all), ended])
  if (behind.size === 0 || signal.aborted) return
  const reasons = [...behind].map(([name, error]) => (error ? `${name} (${error.message})` : name))
  throw new Error(`not caught up within ${deadlineMs / 1_000} s: ${reasons.join(', ')}`)
}
