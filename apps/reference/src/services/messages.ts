import type { CommandFailure } from './command-error.ts'
import type { CommandName } from './commands.ts'
import type { CommandResult, Report, ServiceSpec } from './service.ts'

/** What goes to a service in a process of its own: first what to be, then orders, at last its end. */
export type ToService =
  | { readonly be: ServiceSpec }
  | { readonly id: number; readonly order: CommandName; readonly given: unknown }
  | { readonly end: true }

/** What comes from it: that it is open or why not, then answers and reports. */
export type FromService =
  | { readonly open: true }
  | { readonly failed: CommandFailure }
  | { readonly id: number; readonly answer: CommandResult }
  | { readonly report: Report }
