import { connect } from '@sync/config'
import { HistoryFile } from '../history/history-file.ts'
import { startInstance } from './instance.ts'
import type { Answer, Report, Request, Task } from './messages.ts'
import { Resources } from './resources.ts'

// One writer or replica in a process of its own: its task stands in the arguments, the rest comes by messages.
/** Sockets take a moment to close. */
const CLOSE_GRACE_MS = 2_000

const task = JSON.parse(process.argv[2] ?? '') as Task

// without the process that started it there is nothing to do
process.on('disconnect', () => process.exit(1))

const send = (message: Report | Answer): void => void process.send?.(message)

send({ report: 'running' })

// who looks at it opens it, as clients do: it is none of what they leave behind
process.stderr.unref?.()
const resources = new Resources()
const sync = await connect({ store: task.store, bus: task.bus })
const instance = startInstance({ task, sync, report: send, openHistoryFile: () => new HistoryFile(task.historyFile) })
process.on('message', async (request: Request) => {
  const answer = await instance.handle(request)
  send(answer.answer === 'closed' ? { ...answer, leaks: await resources.leaks(CLOSE_GRACE_MS) } : answer)
})
