import { SyncError } from '@sync/core'

/** An order that was not carried out, as it crosses the border of a process. */
export interface CommandFailure {
  readonly code: string
  readonly message: string
  readonly committed: 'no' | 'unknown'
}

/**
 * An order was not carried out. `code` is that of the error in the service (`SYNC_…`), `UNKNOWN_ORDER` if it knows none of that
 * name, `GONE` if the service has ended, else `FAILED`.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  /** `no`: nothing was written. `unknown`: it may have been. */
  readonly committed: 'no' | 'unknown'

  constructor({ code, message, committed }: CommandFailure) {
    super(message)
    this.code = code
    this.committed = committed
  }
}

/** What a service tells of an error that ended an order. */
export function toCommandFailure(error: unknown): CommandFailure {
  if (error instanceof SyncError || error instanceof CommandError) {
    const { code, message, committed } = error
    return { code, message, committed }
  }
  return { code: 'FAILED', message: error instanceof Error ? error.message : String(error), committed: 'unknown' }
}

/** Was it not carried out because the service has ended? */
export const hasServiceEnded = (error: unknown): boolean => error instanceof CommandError && error.code === 'GONE'

/** The service has ended; what it was asked may have been done. */
export const serviceEnded = (name: string): CommandError =>
  new CommandError({ code: 'GONE', message: `${name} has ended`, committed: 'unknown' })
