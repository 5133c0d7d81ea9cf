import { ArgumentError } from './errors.ts'

/** A whole number not below `least`. @throws ArgumentError (`SYNC_ARGUMENT`) naming `what`. */
export function wholeNumber(value: number, what: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new ArgumentError(`${what}: not a whole number from ${least} on: ${String(value)}`)
}
