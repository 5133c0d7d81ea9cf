import type { Runtime } from '../model/runtime.ts'

/**
 * Runs `work` about every `ms` milliseconds. The interval is jittered, so that instances that start together do not ask
 * the store together. Returns a function that stops it.
 */
export function jitteredInterval(ms: number, runtime: Runtime, work: () => void): () => void {
  const scheduleNext = (): (() => void) =>
    runtime.schedule(
      () => {
        cancel = scheduleNext()
        work()
      },
      ms * (0.9 + runtime.random() * 0.2),
      'upkeep',
    )
  let cancel = scheduleNext()
  return () => cancel()
}
