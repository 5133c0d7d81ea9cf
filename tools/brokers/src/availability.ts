/** This broker is not to be had here; `reasons` tells what was tried. */
export class UnavailableError extends Error {
  override name = 'UnavailableError'
  readonly reasons: readonly string[]
  constructor(broker: string, reasons: readonly string[]) {
    super(`${broker} is not to be had here: ${reasons.join('; ')}`)
    this.reasons = reasons
  }
}

/** One place to look for a program in: answers nothing, or throws why, if it is not there. */
export interface Source<T> {
  readonly name: string
  readonly find: () => Promise<T | undefined>
}

/** The first that a source has, in their order. */
export async function findFirst<T>(broker: string, sources: readonly Source<T>[]): Promise<T> {
  const reasons: string[] = []
  for (const { name, find } of sources) {
    try {
      const found = await find()
      if (found !== undefined) return found
      reasons.push(`${name}: no`)
    } catch (error) {
      reasons.push(`${name}: ${reasonOf(error)}`)
    }
  }
  throw new UnavailableError(broker, reasons)
}

/** The line that tells most: the last that a command complained of, else the first of the message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`
  const lastErrorLine =
    'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().split('\n').at(-1) : ''
  return lastErrorLine || error.message.split('\n', 1)[0] || error.name
}
