import { openSync } from '@sync/config'
import { LedgerFile } from '../ledger/file.ts'
import { startInstance } from './instance.ts'
import type { Answer, Report, Request, Task } from './messages.ts'
import { Resources } from './resources.ts'

// One writer or replica in a process of its own: its task stands in the arguments, the rest comes by messages.
/** Sockets take a moment to close. */
const CLOSING_MS = 2_000

const task = JSON.parse(process.argv[2] ?? '') as Task

// without the process that started it there is nothing to do
process.on('disconnect', () => process.exit(1))

const tell = (message: Report | Answer): void => void process.send?.(message)

tell({ report: 'running' })

// who looks at it opens it, as clients do: it is none of what they leave behind
process.stderr.unref?.()
const resources = new Resources()
const sync = await openSync({ store: task.store, bus: task.bus })
const instance = startInstance({ task, sync, report: tell, ledger: () => new LedgerFile(task.ledger) })
process.on('message', async (request: Request) => {
  const answer = await instance.serve(request)
  tell(answer.answer === 'closed' ? { ...answer, left: await resources.left(CLOSING_MS) } : answer)
})
