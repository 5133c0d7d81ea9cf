/** A piece of work, the same at every call. What it returns is kept from being optimised away. */
export type Work = () => unknown

/** Runs one piece of work over and over. */
export interface Timer {
  /** Works for about so long; answers with calls per second. */
  run(ms: number): Promise<number>
}

/** So much work goes between two looks at the clock. */
const BATCH_MS = 1

/** What the work returned last: kept, so that no compiler leaves the work out. */
const sink: { value: unknown } = { value: undefined }

/** A timer whose batches grow until looking at the clock costs nothing beside the work. Work may be asynchronous. */
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
