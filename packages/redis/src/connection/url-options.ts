import { ArgumentError, type Duration } from '@sync/core'

/** What a parameter of a URL may be: a duration, a whole number, one of some words, or a target for each `partition.NAME`. */
export type ParameterType = 'duration' | 'number' | 'targets' | readonly string[]

const PARTITION_PREFIX = 'partition.'

/**
 * The options that stand in the query of a URL.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for one that is not known, or not what it should be
 */
export function parseUrlOptions<T>(url: URL, known: { readonly [K in keyof T]?: ParameterType }): Partial<T> {
  const options: Record<string, unknown> = {}
  const partitions: [name: string, target: string][] = []
  const accepted = Object.entries<ParameterType | undefined>(known)
  const some = accepted.map(([name, kind]) => (kind === 'targets' ? `${PARTITION_PREFIX}NAME` : name))
  for (const [name, text] of url.searchParams) {
    if (name.startsWith(PARTITION_PREFIX) && accepted.some(([, kind]) => kind === 'targets')) {
      partitions.push([name.slice(PARTITION_PREFIX.length), text])
      continue
    }
    const kind = Object.hasOwn(known, name) ? (known as Record<string, ParameterType>)[name] : undefined
    if (kind === undefined || kind === 'targets')
      throw new ArgumentError(`${url.protocol} has no parameter "${name}" here: it takes ${some.join(', ')}`)
    options[name] = parseValue(name, text, kind)
  }
  return { ...options, ...(partitions.length > 0 && { partitions: Object.fromEntries(partitions) }) } as Partial<T>
}

function parseValue(name: string, text: string, kind: Exclude<ParameterType, 'targets'>): unknown {
  // checked where the option is used
  if (kind === 'duration') return /^\d+(\.\d+)?$/.test(text) ? Number(text) : (text as Duration)
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind.includes(text)) return text
  throw new ArgumentError(`${name}: "${text}" is none of ${kind.join(', ')}`)
}
