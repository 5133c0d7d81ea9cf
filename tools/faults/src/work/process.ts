import { openSync } from '@sync/config'
import { LedgerFile } from '../ledger/file.ts'
import { startInstance } from './instance.ts'
import type { Answer, Report, Request, Task } from './messages.ts'

// One writer or replica in a process of its own: its task stands in the arguments, the rest comes by messages.
const task = JSON.parse(process.argv[2] ?? '') as Task

// without the process that started it there is nothing to do
process.on('disconnect', () => process.exit(1))

const tell = (message: Report | Answer): void => void process.send?.(message)

const sync = await openSync({ store: task.store, bus: task.bus })
const instance = startInstance({ task, sync, report: tell, ledger: () => new LedgerFile(task.ledger) })
process.on('message', async (request: Request) => tell(await instance.serve(request)))
