import type { Runtime } from '../model/runtime.ts'

/**
 * Does something again and again, about every `ms` milliseconds: jittered, for a fleet that was started together should not
 * ask together. The returned function ends it.
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
