import { ArgumentError } from './errors.ts'

/** @throws ArgumentError (`SYNC_ARGUMENT`) naming `what`, unless the value is one of those it may be. */
export function assertOneOf(value: unknown, choices: readonly string[], label: string): void {
  if (choices.includes(value as string)) return
  throw new ArgumentError(
    `${label}: ${choices.map((each) => `'${each}'`).join(' or ')} is needed, not ${JSON.stringify(value)}`,
  )
}
