import { NotStartedError } from './server.ts'

/** Starts servers on free ports. Retries with other ports, up to five times, if another process took one in between. */
export async function retryOnPortConflict<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start()
    } catch (error) {
      const taken = error instanceof NotStartedError && /address already in use/i.test(error.log)
      if (!taken || attempt === 5) throw error
    }
  }
}

/** Starts all servers in parallel. If one fails, it disposes of the others and throws that error. */
export async function startAllOrNone<T extends AsyncDisposable>(starts: readonly (() => Promise<T>)[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(starts.map((start) => start()))
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (!failed) return started
  await Promise.all(started.map((server) => server[Symbol.asyncDispose]()))
  throw failed.reason
}
