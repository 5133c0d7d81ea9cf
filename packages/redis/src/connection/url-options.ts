import { ArgumentError, type Duration } from '@sync/core'

/** Type of a URL parameter: a duration, a number, one of several words, or a target for each `partition.NAME`. */
export type ParameterType = 'duration' | 'number' | 'targets' | readonly string[]

const PARTITION_PREFIX = 'partition.'

/**
 * Parses the options in a URL's query.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for an unknown parameter or an invalid word
 */
export function parseUrlOptions<T>(url: URL, known: { readonly [K in keyof T]?: ParameterType }): Partial<T> {
  const options: Record<string, unknown> = {}
  const partitions: [name: string, target: string][] = []
  const accepted = Object.entries<ParameterType | undefined>(known)
  const names = accepted.map(([name, kind]) => (kind === 'targets' ? `${PARTITION_PREFIX}NAME` : name))
  for (const [name, text] of url.searchParams) {
    if (name.startsWith(PARTITION_PREFIX) && accepted.some(([, kind]) => kind === 'targets')) {
      partitions.push([name.slice(PARTITION_PREFIX.length), text])
      continue
    }
    const kind = Object.hasOwn(known, name) ? (known as Record<string, ParameterType>)[name] : undefined
    if (kind === undefined || kind === 'targets')
      throw new ArgumentError(
        `unknown parameter "${name}" of a ${url.protocol} URL; expected one of ${names.join(', ')}`,
      )
    options[name] = parseValue(name, text, kind)
  }
  return { ...options, ...(partitions.length > 0 && { partitions: Object.fromEntries(partitions) }) } as Partial<T>
}

function parseValue(name: string, text: string, kind: Exclude<ParameterType, 'targets'>): unknown {
  // durations and numbers are validated with the option that they become
  if (kind === 'duration') return /^\d+(\.\d+)?$/.test(text) ? Number(text) : (text as Duration)
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind.includes(text)) return text
  throw new ArgumentError(`${name}: expected one of ${kind.join(', ')}, got "${text}"`)
}
