// Rules that keep other machines and other sites out: DNS rebinding, cross-site requests and framing.

/** A request that is refused. */
export interface Refusal {
  readonly status: 401 | 403 | 404 | 405 | 413 | 415 | 421 | 503
  readonly reason: string
}

/** Purpose of a request. Only a `page` may be opened by a link on another site. */
export type RequestKind = 'page' | 'asset' | 'data' | 'action'

/** Returns a `Host` header's name without port, in lower case; `undefined` if it is malformed. */
export function parseHost(host: string): string | undefined {
  const match = /^(\[[\da-f:.]+\]|[a-z\d._-]+)(?::\d{1,5})?$/i.exec(host)
  return match?.[1]?.toLowerCase()
}

/** True if a host name or address means this machine. */
export const isLoopback = (name: string): boolean =>
  name === 'localhost' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name) || name === '::1' || name === '[::1]'

/** Returns the reason to refuse a request by its headers, or `undefined`. `allowed`: names, or names with a port. */
export function checkHeaders(headers: Headers, kind: RequestKind, allowed: readonly string[]): Refusal | undefined {
  const host = headers.get('host')?.toLowerCase() ?? ''
  const name = parseHost(host)
  if (name === undefined || !(allowed.includes(name) || allowed.includes(host)))
    return { status: 421, reason: 'the Host header is not an allowed host; add it to allowedHosts' }
  if (kind === 'page') return undefined
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && !(site === 'none' && kind !== 'action'))
    return { status: 403, reason: 'the request comes from another site' }
  const origin = headers.get('origin')
  if (origin !== null && hostOf(origin) !== host)
    return { status: 403, reason: 'the request comes from another origin' }
  return undefined
}

/** Returns the reason to refuse a request of an unauthenticated page by its sender, or `undefined`. */
export function checkSender(headers: Headers, remoteAddress: string | undefined): Refusal | undefined {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => headers.has(name))
  if (remoteAddress !== undefined && isLoopback(remoteAddress) && !isForwarded) return undefined
  return { status: 403, reason: 'the page serves this machine only; pass the option authenticate' }
}

function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1]
}

/** Headers of every response: no framing, no foreign or inline script, no caching, no sniffing. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}
