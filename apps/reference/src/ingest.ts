import { readFeed, type WriteProgress, writeFeed } from 'feed'
import type { Instance } from './instance.ts'
import type { Throttle } from './throttle.ts'

/** Replays the feed again and again until `signal` aborts: the outages of the storm come, change and go. */
export async function ingest(
  file: string,
  instance: Instance,
  options: { readonly throttle: Throttle; readonly progress: WriteProgress; readonly signal: AbortSignal },
): Promise<void> {
  const { throttle, progress, signal } = options
  const meta = { actor: 'ingest' }
  const target = {
    replace: (...[key, document]: Parameters<typeof instance.outages.replace>) =>
      instance.outages.replace(key, document, { meta }),
    delete: (key: string) => instance.outages.delete(key, { meta }),
  }
  while (!signal.aborted) await writeFeed(readFeed(file), target, { pacer: throttle, progress, signal })
}
