import type { Refusal } from './order-error.ts'
import type { OrderName } from './orders.ts'
import type { Answer, Report, ServiceSpec } from './service.ts'

/** What goes to a service in a process of its own: first what to be, then orders, at last its end. */
export type ToService =
  | { readonly be: ServiceSpec }
  | { readonly id: number; readonly order: OrderName; readonly given: unknown }
  | { readonly end: true }

/** What comes from it: that it is open or why not, then answers and reports. */
export type FromService =
  | { readonly open: true }
  | { readonly failed: Refusal }
  | { readonly id: number; readonly answer: Answer }
  | { readonly report: Report }
