import { ArgumentError, type Duration } from '@sync/core'

/** What a parameter of a URL may be: a duration, a whole number, any text, or one of some words. */
type ParameterType = 'duration' | 'number' | 'text' | readonly string[]

type ParameterTypes<T> = { readonly [K in keyof T]?: ParameterType }

/**
 * The options that stand in the query of a URL, and the rest of what may stand there.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for one that is not known, or not what it should be
 */
export function parseUrlOptions<T, R>(
  url: URL,
  known: ParameterTypes<T>,
  others: ParameterTypes<R>,
): { readonly options: Partial<T>; readonly rest: Partial<R> } {
  const options: Record<string, unknown> = {}
  const rest: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) {
    const destination = Object.hasOwn(known, name) ? options : rest
    const all = { ...others, ...known } as Record<string, ParameterType>
    const kind = Object.hasOwn(all, name) ? all[name] : undefined
    if (kind === undefined)
      throw new ArgumentError(
        `${url.protocol} has no parameter "${name}" here: it takes ${[...Object.keys(known), ...Object.keys(others)].join(', ')}`,
      )
    destination[name] = parseValue(name, text, kind)
  }
  return { options: options as Partial<T>, rest: rest as Partial<R> }
}

function parseValue(name: string, text: string, kind: ParameterType): unknown {
  if (kind === 'text') return text
  // checked where the option is used
  if (kind === 'duration') return /^\d+(\.\d+)?$/.test(text) ? Number(text) : (text as Duration)
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind.includes(text)) return text
  throw new ArgumentError(`${name}: "${text}" is none of ${kind.join(', ')}`)
}
