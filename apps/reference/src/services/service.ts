import type { SyncStats } from '@sync/core'
import { type CommandFailure, toCommandFailure } from './command-error.ts'
import type { CommandName, Handlers, Progress } from './commands.ts'
import type { UnitCopy } from './forecast/units.ts'
import type { Row } from './recent-outages.ts'
import type { Rate } from './throttle.ts'

/** Description of a service to open, as plain JSON. */
export interface ServiceSpec {
  readonly kind: 'ingest' | 'replica' | 'auditor'
  readonly name: string
  /** URL of the store. */
  readonly store: string
  /** URL of the bus. */
  readonly bus: string
  /** Feed to replay, and its writes per second. For an ingest service only. */
  readonly feed?: { readonly file: string; readonly rate: Rate }
  /** Whether the replica reports the outages that changed most recently, and records a journal. */
  readonly reportsRows?: boolean
}

/** Status of an instance. */
export interface Status extends Progress {
  readonly state: 'live' | 'catching-up' | 'stale' | 'closed'
  readonly staleForMs: number
  readonly stats: SyncStats
  /** Number of errors since the instance was opened. */
  readonly errors: number
  /** Size of the written documents if they were sent whole, in UTF-16 units. */
  readonly documentUnits: number
}

/** A report that a service sends without being asked. */
export type Report =
  | { readonly status: Status }
  | { readonly event: string; readonly at: number }
  /** The service has ended unexpectedly. */
  | { readonly ended: string; readonly at: number }
  /** The outages that changed most recently. */
  | { readonly rows: readonly Row[] }
  /** The service's replicas of the units, by key. */
  | { readonly units: Readonly<Record<string, UnitCopy>> }

/** A running service. */
export interface Service {
  readonly handlers: Handlers
  close(): Promise<void>
}

/** Opens a service. Resolves when it can execute commands. */
export type OpenService = (spec: ServiceSpec, report: (report: Report) => void, signal: AbortSignal) => Promise<Service>

/** Result of a command. */
export type CommandResult = { readonly result: unknown } | { readonly failure: CommandFailure }

/** Executes a command that was received as JSON. Never rejects; failures are part of the result. */
export async function executeCommand(
  { handlers }: Service,
  command: CommandName,
  params: unknown,
): Promise<CommandResult> {
  const handler = handlers[command] as ((params: unknown) => unknown) | undefined
  if (!handler)
    return {
      failure: { code: 'UNKNOWN_COMMAND', message: `expected a supported command, got '${command}'`, committed: 'no' },
    }
  try {
    return { result: await handler(params) }
  } catch (error) {
    return { failure: toCommandFailure(error) }
  }
}
