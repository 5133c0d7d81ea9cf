import { ArgumentError } from './errors.ts'

/** A URL without an account before its first `/`, `?` or `#`; the group is the rest. */
const WITHOUT_ACCOUNT = /^[a-z][a-z0-9+.-]*:\/\/[^@/?#]*([/?#].*)$/is

/** A parameter whose value is a URL, which may have an account of its own. */
const URL_PARAMETER = /=[a-z][a-z0-9+.-]*:\/\/[^&]*/gi

/**
 * Asserts that the password of a URL has no unencoded `/`, `?` or `#`. Such a password would end early: the rest would be read as
 * path and parameters, and error messages would print it.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if an `@` follows the first of these characters. The message has no part of the URL
 */
export function assertPasswordEncoded(url: string): void {
  const [, rest = ''] = WITHOUT_ACCOUNT.exec(url) ?? []
  if (rest.replaceAll(URL_PARAMETER, '').includes('@'))
    throw new ArgumentError(
      'target: expected user and password of the URL to be percent-encoded, got "@" after "/", "?" or "#"; write "?" in a password as %3F, and "@" in a parameter as %40',
    )
}
