import { ConfigError } from './errors.ts'

/** A parsed URL. */
export interface ParsedUrl {
  /** The URL as it was written. */
  readonly text: string
  /** Whether the text names several hosts with a port each. `URL` cannot represent them, so `url` has the first one only. */
  readonly hosts: 'one' | 'several'
  readonly url: URL
}

/** Format of a URL with several hosts: scheme and credentials, the first host, the other hosts, and the rest. */
const MULTI_HOST_URL = /^([a-z][a-z0-9+.-]*:\/\/(?:[^@/?#]*@)?)([^,@/?#]+),[^@/?#]+([/?#].*)?$/i

/**
 * Parses a URL with one or several hosts.
 * @throws ConfigError (`SYNC_CONFIG`) if it is malformed. The message never contains the URL, which may contain a password
 */
export function parseUrl(text: string): ParsedUrl {
  if (URL.canParse(text)) return { text, hosts: 'one', url: new URL(text) }
  const [, head = '', first = '', rest = ''] = MULTI_HOST_URL.exec(text) ?? []
  const withFirst = `${head}${first}${rest}`
  if (URL.canParse(withFirst)) return { text, hosts: 'several', url: new URL(withFirst) }
  throw new ConfigError('expected a URL such as memory: or redis://host:6379')
}
