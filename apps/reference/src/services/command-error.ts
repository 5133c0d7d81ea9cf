import { SyncError } from '@sync/core'

/** A failed command, as plain JSON that can be sent between processes. */
export interface CommandFailure {
  readonly code: string
  readonly message: string
  readonly committed: 'no' | 'unknown'
}

/**
 * A command failed. `code` is the code of the service's error (`SYNC_…`), `UNKNOWN_COMMAND` if the service does not support the
 * command, `SERVICE_ENDED` if the service has ended, and `FAILED` otherwise.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  /** `no`: nothing was written. `unknown`: the write may have been committed. */
  readonly committed: 'no' | 'unknown'

  constructor({ code, message, committed }: CommandFailure) {
    super(message)
    this.code = code
    this.committed = committed
  }
}

/** Converts the error of a command into plain JSON. */
export function toCommandFailure(error: unknown): CommandFailure {
  if (error instanceof SyncError || error instanceof CommandError) {
    const { code, message, committed } = error
    return { code, message, committed }
  }
  return { code: 'FAILED', message: error instanceof Error ? error.message : String(error), committed: 'unknown' }
}

/** Whether the command failed because the service has ended. */
export const hasServiceEnded = (error: unknown): boolean =>
  error instanceof CommandError && error.code === 'SERVICE_ENDED'

/** Creates the error for commands of a service that has ended. They may have been executed. */
export const serviceEnded = (name: string): CommandError =>
  new CommandError({ code: 'SERVICE_ENDED', message: `${name}: the service has ended`, committed: 'unknown' })
