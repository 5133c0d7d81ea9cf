import { ArgumentError, type Duration } from '@sync/core'

/** What a parameter of a URL may be: a duration, a whole number, or one of some words. */
export type Parameter = 'duration' | 'number' | readonly string[]

/**
 * The options that stand in the query of a URL.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for one that is not known, or not what it should be
 */
export function urlOptions<T>(url: URL, known: { readonly [K in keyof T]?: Parameter }): Partial<T> {
  const options: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) {
    const kind = Object.hasOwn(known, name) ? (known as Record<string, Parameter>)[name] : undefined
    if (kind === undefined)
      throw new ArgumentError(
        `${url.protocol} has no parameter "${name}" here: it takes ${Object.keys(known).join(', ')}`,
      )
    options[name] = read(name, text, kind)
  }
  return options as Partial<T>
}

function read(name: string, text: string, kind: Parameter): unknown {
  // checked where the option is used
  if (kind === 'duration') return /^\d+(\.\d+)?$/.test(text) ? Number(text) : (text as Duration)
  if (kind === 'number') return text.trim() === '' ? Number.NaN : Number(text)
  if (kind.includes(text)) return text
  throw new ArgumentError(`${name}: "${text}" is none of ${kind.join(', ')}`)
}
