import type { SyncStats } from '@sync/core'
import { type CommandFailure, toCommandFailure } from './command-error.ts'
import type { CommandName, Handlers, Progress } from './commands.ts'
import type { UnitCopy } from './forecast/units.ts'
import type { Row } from './recent-outages.ts'
import type { Rate } from './throttle.ts'

/** Which service to open, on what: plain JSON. */
export interface ServiceSpec {
  readonly kind: 'ingest' | 'replica' | 'auditor'
  readonly name: string
  /** Where the documents live, as a URL. */
  readonly store: string
  /** What carries changes, as a URL. */
  readonly bus: string
  /** Of an ingest service: the feed that is replayed, and how fast. */
  readonly feed?: { readonly file: string; readonly rate: Rate }
  /** Does it tell which outages changed last? */
  readonly reportsRows?: boolean
}

/** How an instance is doing. */
export interface Status extends Progress {
  readonly state: 'live' | 'catching-up' | 'stale' | 'closed'
  readonly staleForMs: number
  readonly stats: SyncStats
  /** What went wrong since it began. */
  readonly errors: number
  /** Characters of the documents that were written whole, had there been no patches. */
  readonly documentUnits: number
}

/** What a service tells by itself. */
export type Report =
  | { readonly status: Status }
  | { readonly happened: string; readonly at: number }
  /** It is no more, though nobody asked for its end. */
  | { readonly ended: string; readonly at: number }
  /** The outages that changed last. */
  | { readonly rows: readonly Row[] }
  /** The units as it holds them now, by their keys. */
  | { readonly units: Readonly<Record<string, UnitCopy>> }

/** A service that runs. */
export interface Service {
  readonly handlers: Handlers
  close(): Promise<void>
}

/** Opens a service; resolves when it can be asked. */
export type OpenService = (spec: ServiceSpec, report: (report: Report) => void, signal: AbortSignal) => Promise<Service>

/** What became of an order. */
export type CommandResult = { readonly result: unknown } | { readonly refusal: CommandFailure }

/** Carries out an order that came as JSON. Never rejects. */
export async function executeCommand(
  { handlers }: Service,
  command: CommandName,
  params: unknown,
): Promise<CommandResult> {
  const handler = handlers[command] as ((params: unknown) => unknown) | undefined
  if (!handler)
    return { refusal: { code: 'UNKNOWN_ORDER', message: `it knows no order "${command}"`, committed: 'no' } }
  try {
    return { result: await handler(params) }
  } catch (error) {
    return { refusal: toCommandFailure(error) }
  }
}
