import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandError, serviceEnded, toCommandFailure } from './command-error.ts'
import type { CommandName } from './commands.ts'
import type { OpenHandle } from './handle.ts'
import type { FromService, ToService } from './messages.ts'
import type { CommandResult } from './service.ts'

const CHILD_PROGRAM = join(import.meta.dirname, 'child.ts')
/** Shares compiled code between the processes, so that a process starts in a quarter of the time. */
const compileCacheEnv = {
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache'),
}
/** Time limit for a graceful exit, after which the process is killed. */
const CLOSE_TIMEOUT_MS = 5_000

/** Opens a service in its own process. */
export const openChildProcess: OpenHandle = async (spec, onReport, signal) => {
  signal.throwIfAborted()
  const child = fork(CHILD_PROGRAM, {
    execArgv: ['--conditions=@sync/source'],
    env: { ...process.env, ...compileCacheEnv },
  })
  const opened = Promise.withResolvers<void>()
  const pending = new Map<number, (result: CommandResult) => void>()
  let last = 0
  let state: 'running' | 'closing' | 'ended' = 'running'
  const exited = once(child, 'exit')

  child.on('message', (message: FromService) => {
    if ('report' in message) onReport(message.report)
    else if ('opened' in message) opened.resolve()
    else if ('failed' in message) opened.reject(new CommandError(message.failed))
    else {
      pending.get(message.id)?.(message.result)
      pending.delete(message.id)
    }
  })
  child.on('exit', (code, signalName) => {
    if (state === 'running')
      onReport({ ended: `process ended unexpectedly (${signalName ?? `code ${code}`})`, at: Date.now() })
    state = 'ended'
    opened.reject(serviceEnded(spec.name))
    rejectPending()
  })

  const rejectPending = (): void => {
    for (const settle of pending.values()) settle({ failure: toCommandFailure(serviceEnded(spec.name)) })
    pending.clear()
  }
  // if the process has ended in the meantime, its exit event reports that
  const send = (message: ToService): void => void child.send(message, () => undefined)
  const close = async (): Promise<void> => {
    if (state === 'ended') return
    state = 'closing'
    rejectPending()
    send({ close: true })
    const killTimer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS)
    await exited
    clearTimeout(killTimer)
  }
  const abort = (): void => opened.reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    send({ open: spec })
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
    async execute(command: CommandName, params: unknown = null) {
      if (state !== 'running') throw serviceEnded(spec.name)
      const id = ++last
      const response = Promise.withResolvers<CommandResult>()
      pending.set(id, response.resolve)
      send({ id, command, params })
      const result = await response.promise
      if ('failure' in result) throw new CommandError(result.failure)
      return result.result as never
    },
    close,
  }
}
