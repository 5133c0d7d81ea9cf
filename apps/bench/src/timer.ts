/** The work to measure, identical at every call. Its return value is kept, so that it is not optimised away. */
export type Work = () => unknown

/** Measures the rate of one piece of work. */
export interface Timer {
  /** Repeats the work for about `ms` milliseconds. Resolves to calls per second. */
  run(ms: number): Promise<number>
}

/** Target time between two clock readings. */
const BATCH_MS = 1

/** Latest return value of the work, kept so that the compiler cannot eliminate the work. */
const sink: { value: unknown } = { value: undefined }

/** Creates a timer whose batches grow until reading the clock is negligible. The work may be asynchronous. */
export function createTimer(work: Work): Timer {
  let batch = 1
  return {
    async run(ms) {
      const start = performance.now()
      let calls = 0
      let now = start
      while (now - start < ms) {
        const before = now
        await runBatch(work, batch)
        calls += batch
        now = performance.now()
        if (now - before < BATCH_MS / 2) batch *= 2
      }
      return (calls * 1_000) / (now - start)
    },
  }
}

async function runBatch(work: Work, calls: number): Promise<void> {
  const first = work()
  if (first instanceof Promise) {
    sink.value = await first
    for (let call = 1; call < calls; call++) sink.value = await work()
  } else {
    sink.value = first
    for (let call = 1; call < calls; call++) sink.value = work()
  }
}
