import { ArgumentError, type Duration } from '@sync/core'

/** Type of a URL parameter: a duration, a number, any text, or one of several words. */
type ParameterType = 'duration' | 'number' | 'text' | readonly string[]

type ParameterTypes<T> = { readonly [K in keyof T]?: ParameterType }

/**
 * Parses the query parameters of a URL. Returns the parameters in `known` as `options`, and those in `others` as `rest`. Numbers and
 * durations are not validated here.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if a parameter is unknown, or not one of the words that it accepts
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
        `unknown parameter ${JSON.stringify(name)} of a ${url.protocol} URL; expected one of ${[...Object.keys(known), ...Object.keys(others)].join(', ')}`,
      )
    destination[name] = parseValue(name, text, kind)
  }
  return { options: options as Partial<T>, rest: rest as Partial<R> }
}

function parseValue(name: string, text: string, kind: ParameterType): unknown {
  if (kind === 'text') return text
  // validated where the option is used
  if (kind === 'duration') return /^\d+(\.\d+)?$/.test(text) ? Number(text) : (text as Duration)
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind.includes(text)) return text
  throw new ArgumentError(`${name}: expected one of ${kind.join(', ')}, got ${JSON.stringify(text)}`)
}
