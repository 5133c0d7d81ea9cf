import type { CommandName, CommandParams, Commands } from './commands.ts'
import type { Report, ServiceSpec } from './service.ts'

/** Handle on a service, in this or another process. Commands, results and reports are plain JSON. */
export interface ServiceHandle {
  readonly name: string
  /** Id of the process that the service runs in. */
  readonly pid: number
  /** Executes a command. @throws CommandError with the code of the failure */
  execute<N extends CommandName>(command: N, ...params: CommandParams<N>): Promise<Commands[N]['result']>
  /** Closes the service. Resolves when it has ended. */
  close(): Promise<void>
}

/** Opens a service. `onReport` receives all of its reports, from the first one on. */
export type OpenHandle = (
  spec: ServiceSpec,
  onReport: (report: Report) => void,
  signal: AbortSignal,
) => Promise<ServiceHandle>
