import { connect } from '@sync/config'
import { HistoryFile } from '../history/history-file.ts'
import { startInstance } from './instance.ts'
import type { Answer, Report, Request, Task } from './messages.ts'
import { Resources } from './resources.ts'

// Program of a worker process: one writer or replica. Its task is in the arguments; requests arrive as messages.

/** Grace period after `close`, because sockets close asynchronously. */
const CLOSE_GRACE_MS = 2_000

const task = JSON.parse(process.argv[2] ?? '') as Task

// a worker without its parent process has no purpose
process.on('disconnect', () => process.exit(1))

const send = (message: Report | Answer): void => void process.send?.(message)

send({ report: 'running' })

// accessing stderr opens it, as client libraries do; opened here first, it does not count as a leak
process.stderr.unref?.()
const resources = new Resources()
const sync = await connect({ store: task.store, bus: task.bus })
const instance = startInstance({ task, sync, report: send, openHistoryFile: () => new HistoryFile(task.historyFile) })
process.on('message', async (request: Request) => {
  const answer = await instance.handle(request)
  send(answer.answer === 'closed' ? { ...answer, leaks: await resources.leaks(CLOSE_GRACE_MS) } : answer)
})
