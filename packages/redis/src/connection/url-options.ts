import { ArgumentError, type Duration } from '@sync/core'

/** What a parameter of a URL may be: a duration, a whole number, one of some words, or a target for each `partition.NAME`. */
export type Parameter = 'duration' | 'number' | 'targets' | readonly string[]

const PARTITION = 'partition.'

/**
 * The options that stand in the query of a URL.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for one that is not known, or not what it should be
 */
export function urlOptions<T>(url: URL, known: { readonly [K in keyof T]?: Parameter }): Partial<T> {
  const options: Record<string, unknown> = {}
  const partitions: [name: string, target: string][] = []
  const takes = Object.entries<Parameter | undefined>(known)
  const some = takes.map(([name, kind]) => (kind === 'targets' ? `${PARTITION}NAME` : name))
  for (const [name, text] of url.searchParams) {
    if (name.startsWith(PARTITION) && takes.some(([, kind]) => kind === 'targets')) {
      partitions.push([name.slice(PARTITION.length), text])
      continue
    }
    const kind = Object.hasOwn(known, name) ? (known as Record<string, Parameter>)[name] : undefined
    if (kind === undefined || kind === 'targets')
      throw new ArgumentError(`${url.protocol} has no parameter "${name}" here: it takes ${some.join(', ')}`)
    options[name] = read(name, text, kind)
  }
  return { ...options, ...(partitions.length > 0 && { partitions: Object.fromEntries(partitions) }) } as Partial<T>
}

function read(name: string, text: string, kind: Exclude<Parameter, 'targets'>): unknown {
  // checked where the option is used
  if (kind === 'duration') return /^\d+(\.\d+)?$/.test(text) ? Number(text) : (text as Duration)
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind.includes(text)) return text
  throw new ArgumentError(`${name}: "${text}" is none of ${kind.join(', ')}`)
}
