/** No source provides the program on this machine. `reasons` has one line per source that was tried. */
export class UnavailableError extends Error {
  override name = 'UnavailableError'
  readonly reasons: readonly string[]
  constructor(broker: string, reasons: readonly string[]) {
    super(`${broker}: expected at least one source to provide it, tried ${reasons.join('; ')}`)
    this.reasons = reasons
  }
}

/** One place that may provide a program. `find` returns `undefined` or throws the reason if it does not. */
export interface Source<T> {
  readonly name: string
  readonly find: () => Promise<T | undefined>
}

/** Asks the sources in order and returns the first program found. @throws UnavailableError if no source has it */
export async function findFirst<T>(broker: string, sources: readonly Source<T>[]): Promise<T> {
  const reasons: string[] = []
  for (const { name, find } of sources) {
    try {
      const found = await find()
      if (found !== undefined) return found
      reasons.push(`${name}: not found`)
    } catch (error) {
      reasons.push(`${name}: ${reasonOf(error)}`)
    }
  }
  throw new UnavailableError(broker, reasons)
}

/** Returns the most informative line: the last line of a command's stderr, or else the first line of the message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`
  const lastErrorLine =
    'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().split('\n').at(-1) : ''
  return lastErrorLine || error.message.split('\n', 1)[0] || error.name
}
