import type { Sync, SyncEvent } from '@sync/core'
import type { LedgerFile } from '../ledger/file.ts'
import type { Answer, Memory, Report, Request, Task } from './messages.ts'
import { Replica } from './replica.ts'
import { Writer } from './writer.ts'

/** A writer or a replica at work, in this process. */
export interface Instance {
  serve(request: Request): Promise<Answer>
}

/** What it is made of. */
export interface InstanceOptions {
  readonly task: Task
  readonly sync: Sync
  readonly report: (report: Report) => void
  /** Opened by a writer alone. */
  readonly ledger: () => LedgerFile
}

/** How long what is under way has to come to its end. */
const LAST_WRITES_MS = 30_000
const STATS_MS = 500

/** Starts the work of a task. */
export function startInstance({ task, sync, report, ledger }: InstanceOptions): Instance {
  const { role, name, seed, rate, work } = task
  const wrong = (what: string): void => report({ report: 'wrong', what: `${name}: ${what}` })
  const unhear = sync.onEvent((event) => hear(event, report, wrong))
  const stats = (): void => report({ report: 'stats', stats: sync.stats() })
  const ticker = setInterval(stats, STATS_MS)
  const writer =
    role === 'writer'
      ? new Writer({
          name,
          sync,
          ledger: ledger(),
          seed,
          rate,
          work,
          acknowledged: (position, begunAt) => report({ report: 'acknowledged', position, begunAt }),
          wrong,
        })
      : undefined
  const replica =
    role === 'replica'
      ? new Replica({ sync, told: (position) => report({ report: 'told', position }), wrong })
      : undefined

  return {
    async serve({ ask }) {
      switch (ask) {
        case 'stop':
          return { answer: 'stopped', pending: (await writer?.stop(LAST_WRITES_MS)) ?? 0 }
        case 'copies': {
          await sync.check()
          const { held, told } = (await replica?.copies()) ?? { held: {}, told: {} }
          return { answer: 'copies', held, told }
        }
        case 'memory':
          return { answer: 'memory', memory: memoryNow() }
        case 'close':
          clearInterval(ticker)
          stats()
          await replica?.stop()
          try {
            await sync.close()
            return { answer: 'closed' }
          } catch (error) {
            return { answer: 'closed', failed: String(error) }
          } finally {
            unhear()
          }
      }
    },
  }
}

function hear(event: SyncEvent, report: (report: Report) => void, wrong: (what: string) => void): void {
  if (event.type === 'epoch') {
    const { from, to, lost, fork } = event
    report({ report: 'epoch', change: { from, to, lost, ...(fork !== undefined && { fork }) } })
  }
  if (event.type === 'inconsistent') wrong(`${event.key} was not at ${event.version} what the store has`)
  if (event.type === 'patch-refused' || event.type === 'frame-refused' || event.type === 'failed')
    wrong(`${event.type}: ${String(event.error)}`)
}

function memoryNow(): Memory {
  if (!globalThis.gc) throw new Error('node has to be started with --expose-gc')
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss, resources: process.getActiveResourcesInfo().length }
}
