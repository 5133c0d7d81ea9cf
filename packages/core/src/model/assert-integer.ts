import { ArgumentError } from './errors.ts'

/** A whole number not below `least`. @throws ArgumentError (`SYNC_ARGUMENT`) naming `what`. */
export function assertInteger(value: number, label: string, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new ArgumentError(`${label}: not a whole number from ${min} on: ${String(value)}`)
}
