import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenHandle } from './handle.ts'
import type { FromService, ToService } from './messages.ts'
import { gone, OrderError, refusalOf } from './order-error.ts'
import type { OrderName } from './orders.ts'
import type { Answer } from './service.ts'

const CHILD = join(import.meta.dirname, 'child.ts')
/** What was compiled for one process serves the next: it starts in a quarter of the time. */
const compiledOnce = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache') }
/** How long a process may take to end in order. */
const END_MS = 5_000

/** Opens a service in a process of its own. */
export const openProcess: OpenHandle = async (spec, hear, signal) => {
  signal.throwIfAborted()
  const child = fork(CHILD, { execArgv: ['--conditions=@sync/source'], env: { ...process.env, ...compiledOnce } })
  const opened = Promise.withResolvers<void>()
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  let state: 'running' | 'closing' | 'ended' = 'running'
  const exited = once(child, 'exit')

  child.on('message', (message: FromService) => {
    if ('report' in message) hear(message.report)
    else if ('open' in message) opened.resolve()
    else if ('failed' in message) opened.reject(new OrderError(message.failed))
    else {
      waiting.get(message.id)?.(message.answer)
      waiting.delete(message.id)
    }
  })
  child.on('exit', (code, killer) => {
    if (state === 'running') hear({ ended: `its process ended (${killer ?? `code ${code}`})`, at: Date.now() })
    state = 'ended'
    opened.reject(gone(spec.name))
    refuseAll()
  })

  const refuseAll = (): void => {
    for (const settle of waiting.values()) settle({ refusal: refusalOf(gone(spec.name)) })
    waiting.clear()
  }
  // one that ends meanwhile is heard of by its exit
  const send = (message: ToService): void => void child.send(message, () => undefined)
  const close = async (): Promise<void> => {
    if (state === 'ended') return
    state = 'closing'
    refuseAll()
    send({ end: true })
    const late = setTimeout(() => child.kill('SIGKILL'), END_MS)
    await exited
    clearTimeout(late)
  }
  const abort = (): void => opened.reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    send({ be: spec })
    await opened.promise
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
  return {
    name: spec.name,
    pid: child.pid ?? 0,
    async ask(order: OrderName, given: unknown = null) {
      if (state !== 'running') throw gone(spec.name)
      const id = ++last
      const answered = Promise.withResolvers<Answer>()
      waiting.set(id, answered.resolve)
      send({ id, order, given })
      const answer = await answered.promise
      if ('refusal' in answer) throw new OrderError(answer.refusal)
      return answer.gives as never
    },
    close,
  }
}
