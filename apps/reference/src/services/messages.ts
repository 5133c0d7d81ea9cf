import type { CommandFailure } from './command-error.ts'
import type { CommandName } from './commands.ts'
import type { CommandResult, Report, ServiceSpec } from './service.ts'

/** Messages to a service's process: first the service to open, then commands, finally a request to close. */
export type ToService =
  | { readonly open: ServiceSpec }
  | { readonly id: number; readonly command: CommandName; readonly params: unknown }
  | { readonly close: true }

/** Messages from a service's process: first whether it opened, then results and reports. */
export type FromService =
  | { readonly opened: true }
  | { readonly failed: CommandFailure }
  | { readonly id: number; readonly result: CommandResult }
  | { readonly report: Report }
