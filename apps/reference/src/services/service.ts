import type { SyncStats } from '@sync/core'
import type { Row } from './board.ts'
import type { UnitCopy } from './forecast/units.ts'
import { type Refusal, refusalOf } from './order-error.ts'
import type { Handlers, OrderName, Progress } from './orders.ts'
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
  readonly tellsRows?: boolean
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
export type OpenService = (spec: ServiceSpec, tell: (report: Report) => void, signal: AbortSignal) => Promise<Service>

/** What became of an order. */
export type Answer = { readonly gives: unknown } | { readonly refusal: Refusal }

/** Carries out an order that came as JSON. Never rejects. */
export async function answer({ handlers }: Service, order: OrderName, given: unknown): Promise<Answer> {
  const handler = handlers[order] as ((given: unknown) => unknown) | undefined
  if (!handler) return { refusal: { code: 'UNKNOWN_ORDER', message: `it knows no order "${order}"`, committed: 'no' } }
  try {
    return { gives: await handler(given) }
  } catch (error) {
    return { refusal: refusalOf(error) }
  }
}
