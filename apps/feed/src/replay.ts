import { catchUp } from './catch-up.ts'
import { readFeed } from './feed-file.ts'
import { type Figures, ofInstances } from './figures.ts'
import type { Instance } from './instances.ts'
import { createPacer } from './pacing.ts'
import { createRateMeter } from './rate.ts'
import type { Reporter } from './report/reporter.ts'
import { type WriteProgress, writeFeed } from './write-feed.ts'

const CATCH_UP_DEADLINE_MS = 60_000
const RATE_SPAN_MS = 1_000

/** What is replayed, how fast, and from where to where. */
export interface Replay {
  readonly file: string
  /** Lines that the file is known to have. */
  readonly total: number
  readonly rate: number | 'max'
  readonly writer: Instance
  readonly replicas: readonly Instance[]
}

/**
 * Writes the feed through the writer, showing how it goes, and waits until the replicas have caught up.
 * @throws Error if a write failed, or a replica was not there by the deadline
 */
export async function replay(what: Replay, reporter: Reporter, signal: AbortSignal): Promise<Figures> {
  const { file, total, rate, writer, replicas } = what
  const progress: WriteProgress = { written: 0, documentUnits: 0 }
  const meter = createRateMeter(RATE_SPAN_MS)
  const start = performance.now()
  meter.read(0, start)
  let phase: Figures['phase'] = 'writing'

  const read = (): Figures => {
    const now = performance.now()
    const stats = ofInstances(
      writer.sync.stats(),
      replicas.map(({ sync }) => sync.stats()),
    )
    return { ...stats, ...progress, phase, total, elapsedMs: now - start, rate: meter.read(stats.commits, now) }
  }

  const ticker = setInterval(() => reporter.progress(read()), reporter.intervalMs)
  try {
    const pacer = createPacer(rate, { signal })
    await writeFeed(readFeed(file), writer.outages, { pacer, progress, signal })
    await writer.sync.flush({ signal })
    const elapsedMs = performance.now() - start
    phase = 'catching up'
    await catchUp(replicas.map(follower), CATCH_UP_DEADLINE_MS, signal)
    phase = 'comparing'
    const figures = read()
    reporter.progress(figures)
    return { ...figures, elapsedMs, rate: (figures.commits * 1_000) / elapsedMs }
  } finally {
    clearInterval(ticker)
  }
}

const follower = ({ name, sync }: Instance): { readonly name: string; check(): Promise<void> } => ({
  name,
  check: () => sync.check(),
})
