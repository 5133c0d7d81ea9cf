import type { SyncEvent, SyncInstance } from '@sync/core'
import type { HistoryFile } from '../history/history-file.ts'
import type { Answer, Memory, Report, Request, Task } from './messages.ts'
import { Replica } from './replica.ts'
import { Writer } from './writer.ts'

/** A running writer or replica in this process. */
export interface Instance {
  handle(request: Request): Promise<Answer>
}

/** Collaborators of an instance. */
export interface InstanceOptions {
  readonly task: Task
  readonly sync: SyncInstance
  readonly report: (report: Report) => void
  /** Opens the history file. Called only for writers. */
  readonly openHistoryFile: () => HistoryFile
}

/** Maximum time for pending writes to complete. */
const STOP_TIMEOUT_MS = 30_000
const STATS_MS = 500

/** Starts the work of a task. */
export function startInstance({ task, sync, report, openHistoryFile }: InstanceOptions): Instance {
  const { role, name, seed, rate, workload } = task
  const reportProblem = (text: string): void => report({ report: 'problem', text: `${name}: ${text}` })
  const unsubscribe = sync.onEvent((event) => onEvent(event, report, reportProblem))
  const reportStats = (): void => report({ report: 'stats', stats: sync.stats() })
  const statsTimer = setInterval(reportStats, STATS_MS)
  const writer =
    role === 'writer'
      ? new Writer({
          name,
          sync,
          historyFile: openHistoryFile(),
          seed,
          rate,
          workload,
          onAcknowledged: (position, startedAt) => report({ report: 'acknowledged', position, startedAt }),
          reportProblem,
        })
      : undefined
  const replica =
    role === 'replica'
      ? new Replica({ sync, onDelivered: (position) => report({ report: 'delivered', position }), reportProblem })
      : undefined

  return {
    async handle({ ask }) {
      switch (ask) {
        case 'stop':
          return { answer: 'stopped', pending: (await writer?.stop(STOP_TIMEOUT_MS)) ?? 0 }
        case 'copies': {
          await sync.catchUp()
          const { cached, delivered } = (await replica?.copies()) ?? { cached: {}, delivered: {} }
          return { answer: 'copies', cached, delivered }
        }
        case 'memory':
          return { answer: 'memory', memory: measureMemory() }
        case 'close':
          clearInterval(statsTimer)
          reportStats()
          await replica?.stop()
          try {
            await sync.close()
            return { answer: 'closed' }
          } catch (error) {
            return { answer: 'closed', failed: String(error) }
          } finally {
            unsubscribe()
          }
      }
    },
  }
}

function onEvent(event: SyncEvent, report: (report: Report) => void, reportProblem: (text: string) => void): void {
  if (event.type === 'epoch') {
    const { from, to, lost, fork } = event
    report({ report: 'epoch', change: { from, to, lost, ...(fork !== undefined && { fork }) } })
  }
  if (event.type === 'inconsistent')
    reportProblem(`${event.key}: the replica differed from the store at version ${event.version}`)
  if (event.type === 'patch-rejected' || event.type === 'frame-rejected' || event.type === 'error')
    reportProblem(`${event.type}: ${String(event.error)}`)
}

function measureMemory(): Memory {
  if (!globalThis.gc) throw new Error('expected globalThis.gc; start node with --expose-gc')
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss, resources: process.getActiveResourcesInfo().length }
}
