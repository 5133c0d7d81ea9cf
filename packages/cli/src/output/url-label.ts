/**
 * Returns a URL without user, password and query, for output. A partition's URL in the query may contain a password too.
 *
 * An unescaped `/` or `@` in a password makes the URL invalid, but its password must not be printed either.
 */
export function urlLabel(url: string): string {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*:)(.*)$/is.exec(url) ?? []
  if (scheme === undefined) return 'the URL'
  return `${scheme}${rest.replace(/^(\/\/)?.*@/s, '$1').replace(/[?#].*$/s, '')}`
}
