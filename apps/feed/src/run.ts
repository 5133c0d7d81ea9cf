import { audit } from './audit.ts'
import { summarizeFeed } from './feed-summary.ts'
import { describeEvent, type Instance, openInstance, replicaCopy, storeCopy } from './instances.ts'
import type { Options } from './options.ts'
import { replay } from './replay.ts'
import type { Reporter } from './report/reporter.ts'
import { describeAudit, describeRun, summary } from './report/summary.ts'

/** Outcome of a run. */
export type Outcome = 'consistent' | 'different' | 'stopped'

/**
 * Replays the feed through one instance to the others, then compares all of them with the store and with the feed.
 * @throws FeedError if the file is invalid, before anything is written
 * @throws Error if the run fails
 */
export async function runFeed(options: Options, reporter: Reporter, signal: AbortSignal): Promise<Outcome> {
  const instances: Instance[] = []
  try {
    return await replayAndCompare(options, reporter, signal, instances)
  } catch (error) {
    if (!signal.aborted) throw error
    reporter.print('stopped before the comparison')
    return 'stopped'
  } finally {
    // writes that wait for an unavailable store must not delay the end of a stopped run
    const deadline = signal.aborted ? '1s' : '5s'
    await Promise.allSettled(instances.map(({ sync }) => sync.close({ deadline })))
  }
}

async function replayAndCompare(
  options: Options,
  reporter: Reporter,
  signal: AbortSignal,
  instances: Instance[],
): Promise<Outcome> {
  const open = async (name: string): Promise<Instance> => {
    const instance = await openInstance(name, options, signal)
    instances.push(instance)
    let last: string | undefined
    instance.sync.onEvent((event) => {
      const text = describeEvent(event)
      // while a broker is unavailable, the same event repeats
      if (text !== undefined && text !== last) reporter.print(`${name}: ${text}`)
      last = text ?? last
    })
    return instance
  }
  const { file, rate } = options
  const feed = await summarizeFeed(file, signal)
  const total = feed.observations + feed.removals
  const writer = await open('writer')
  reporter.print(describeRun(total, options))
  const replicas = await Promise.all(Array.from({ length: options.replicas }, (_, i) => open(`replica ${i + 1}`)))
  const figures = await replay({ file, total, rate, writer, replicas }, reporter, signal)
  const result = await audit(feed.lastStates, [storeCopy(await open('auditor')), ...replicas.map(replicaCopy)])
  signal.throwIfAborted()
  reporter.print(`${summary(figures, feed)}\n${describeAudit(result, replicas.length)}`)
  return result.differences === 0 ? 'consistent' : 'different'
}
