import type { Given, OrderName, Orders } from './orders.ts'
import type { Report, ServiceSpec } from './service.ts'

/** A service from outside, wherever it runs: orders go in, reports come out, all of it plain JSON. */
export interface Handle {
  readonly name: string
  /** The process that it runs in. */
  readonly pid: number
  /** Asks for something. @throws OrderError with the code of what went wrong */
  ask<N extends OrderName>(order: N, ...given: Given<N>): Promise<Orders[N]['gives']>
  /** Ends the service; resolves when it has ended. */
  close(): Promise<void>
}

/** Opens a service. Its reports go to `hear` from the first one on. */
export type OpenHandle = (spec: ServiceSpec, hear: (report: Report) => void, signal: AbortSignal) => Promise<Handle>
