import { CommandError, serviceEnded } from './command-error.ts'
import type { CommandName } from './commands.ts'
import type { OpenHandle } from './handle.ts'
import { openService } from './open-service.ts'
import { executeCommand } from './service.ts'

/** Copies messages as another process would, so that no code can rely on shared objects. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Opens a service in this process. */
export const openInProcess: OpenHandle = async (spec, onReport, signal) => {
  const service = await openService(spec, (report) => onReport(copy(report)), signal)
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  return {
    name: spec.name,
    pid: process.pid,
    async execute(command: CommandName, params: unknown = null) {
      const result = await Promise.race([executeCommand(service, command, copy(params)), ended.promise])
      if ('failure' in result) throw new CommandError(result.failure)
      return copy(result.result) as never
    },
    close() {
      ended.reject(serviceEnded(spec.name))
      return service.close()
    },
  }
}
