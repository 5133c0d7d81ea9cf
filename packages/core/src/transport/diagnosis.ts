import type { SectionRef } from '../model/address.ts'

/** Result of one check of a server. */
export interface Diagnosis {
  /** Name of the check, such as `eviction`. */
  readonly check: string
  /** `warn`: works, with a risk that `detail` names. `fail`: the adapter cannot work correctly with this server. */
  readonly result: 'ok' | 'warn' | 'fail'
  /** Observed state, in one line without passwords. */
  readonly detail: string
  /** Action that makes the check pass. */
  readonly remedy?: string
  /** Address of the server, if the URL names several that are checked independently. */
  readonly server?: string
}

/** One section of a store. */
export interface SectionSummary extends SectionRef {
  /** Number of documents; absent if the store does not know it. */
  readonly documents?: number
}

/** Number of calls in one measurement of the latency. */
const LATENCY_CALLS = 50

/** Median in ms above which the latency is reported as a risk. */
const SLOW_MS = 10

/** Measures the round trip to a server with calls of `ping`, one after another. */
export async function diagnoseLatency(ping: () => Promise<unknown>): Promise<Diagnosis> {
  const samples: number[] = []
  for (let call = 0; call < LATENCY_CALLS; call++) {
    const started = performance.now()
    await ping()
    samples.push(performance.now() - started)
  }
  samples.sort((a, b) => a - b)
  const quantile = (q: number): number => samples[Math.floor(q * (samples.length - 1))] ?? 0
  const [min, median, p99] = [0, 0.5, 0.99].map((q) => quantile(q).toFixed(1))
  const detail = `${min} ms min, ${median} ms median, ${p99} ms p99 of ${LATENCY_CALLS} calls`
  if (quantile(0.5) <= SLOW_MS) return { check: 'latency', result: 'ok', detail }
  return {
    check: 'latency',
    result: 'warn',
    detail,
    remedy: 'run the service closer to the server: a write waits for it',
  }
}
