import { setTimeout } from 'node:timers/promises'
import { ArgumentError } from '@sync/core'
import { readFeed, type WriteProgress, writeFeed } from 'feed'
import { createInitialUnits } from './forecast/forecast.ts'
import { type Instance, openInstance } from './instance.ts'
import type { OpenService, Report } from './service.ts'
import { Throttle } from './throttle.ts'

const RETRY_MS = 500

/** Opens the ingest service, which replays the feed in an endless loop. */
export const openIngest: OpenService = async (spec, report, signal) => {
  const { feed } = spec
  if (!feed) throw new ArgumentError('feed: expected a file and a rate for the ingest service, got none')
  const progress: WriteProgress = { written: 0, documentUnits: 0 }
  const instance = await openInstance(spec, report, { signal, documentUnits: () => progress.documentUnits })
  try {
    await createInitialUnits(instance.units)
  } catch (error) {
    await instance.close()
    throw error
  }
  const stop = new AbortController()
  const throttle = new Throttle(feed.rate, stop.signal)
  const writing = replayFeed(feed.file, instance, { throttle, progress, report: report, signal: stop.signal })
  return {
    handlers: {
      ...instance.handlers,
      setRate({ rate }) {
        throttle.rate = rate
        return null
      },
      async pauseWrites() {
        throttle.pause()
        await instance.sync.flush({ timeout: '10s' })
        return null
      },
      resumeWrites() {
        throttle.resume()
        return null
      },
    },
    async close() {
      stop.abort()
      await writing
      await instance.close()
    },
  }
}

async function replayFeed(
  file: string,
  { outages, countError }: Instance,
  options: {
    readonly throttle: Throttle
    readonly progress: WriteProgress
    readonly report: (report: Report) => void
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { throttle, progress, report, signal } = options
  const meta = { actor: 'ingest' }
  const target = {
    set: (...[key, document]: Parameters<typeof outages.set>) => outages.set(key, document, { meta }),
    delete: (key: string) => outages.delete(key, { meta }),
  }
  while (!signal.aborted) {
    try {
      await writeFeed(readFeed(file), target, { rateLimiter: throttle, progress, signal })
    } catch (error) {
      if (signal.aborted) return
      countError()
      report({ event: `restarting the feed: ${(error as Error).message}`, at: Date.now() })
      await setTimeout(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}
