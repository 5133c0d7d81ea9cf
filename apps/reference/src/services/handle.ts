import type { CommandName, CommandParams, Commands } from './commands.ts'
import type { Report, ServiceSpec } from './service.ts'

/** A service from outside, wherever it runs: orders go in, reports come out, all of it plain JSON. */
export interface ServiceHandle {
  readonly name: string
  /** The process that it runs in. */
  readonly pid: number
  /** Asks for something. @throws OrderError with the code of what went wrong */
  execute<N extends CommandName>(command: N, ...params: CommandParams<N>): Promise<Commands[N]['result']>
  /** Ends the service; resolves when it has ended. */
  close(): Promise<void>
}

/** Opens a service. Its reports go to `hear` from the first one on. */
export type OpenHandle = (
  spec: ServiceSpec,
  onReport: (report: Report) => void,
  signal: AbortSignal,
) => Promise<ServiceHandle>
