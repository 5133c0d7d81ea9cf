/** The command line is invalid. The message is one line, and names the remedy. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
