import { catchUp } from './catch-up.ts'
import { readFeed } from './feed-file.ts'
import { aggregateStats, type Figures } from './figures.ts'
import type { Instance } from './instances.ts'
import { createRateLimiter } from './rate-limiter.ts'
import { createRateMeter } from './rate-meter.ts'
import type { Reporter } from './report/reporter.ts'
import { type WriteProgress, writeFeed } from './write-feed.ts'

const CATCH_UP_DEADLINE_MS = 60_000
const RATE_WINDOW_MS = 1_000

/** Options of a replay. */
export interface ReplayOptions {
  readonly file: string
  /** Number of lines in the file. */
  readonly total: number
  readonly rate: number | 'max'
  readonly writer: Instance
  readonly replicas: readonly Instance[]
}

/**
 * Writes the feed through the writer, reports progress, and waits until the replicas have caught up.
 * @throws Error if a write failed, or if a replica has not caught up by the deadline
 */
export async function replay(options: ReplayOptions, reporter: Reporter, signal: AbortSignal): Promise<Figures> {
  const { file, total, rate, writer, replicas } = options
  const progress: WriteProgress = { written: 0, documentUnits: 0 }
  const meter = createRateMeter(RATE_WINDOW_MS)
  const start = performance.now()
  meter.read(0, start)
  let phase: Figures['phase'] = 'writing'

  const read = (): Figures => {
    const now = performance.now()
    const stats = aggregateStats(
      writer.sync.stats(),
      replicas.map(({ sync }) => sync.stats()),
    )
    return { ...stats, ...progress, phase, total, elapsedMs: now - start, rate: meter.read(stats.commits, now) }
  }

  const ticker = setInterval(() => reporter.progress(read()), reporter.intervalMs)
  try {
    const rateLimiter = createRateLimiter(rate, { signal })
    await writeFeed(readFeed(file), writer.outages, { rateLimiter, progress, signal })
    await writer.sync.flush({ signal })
    const elapsedMs = performance.now() - start
    phase = 'catching up'
    await catchUp(replicas.map(toFollower), CATCH_UP_DEADLINE_MS, signal)
    phase = 'comparing'
    const figures = read()
    reporter.progress(figures)
    return { ...figures, elapsedMs, rate: (figures.commits * 1_000) / elapsedMs }
  } finally {
    clearInterval(ticker)
  }
}

const toFollower = ({ name, sync }: Instance): { readonly name: string; check(): Promise<void> } => ({
  name,
  check: () => sync.catchUp(),
})
