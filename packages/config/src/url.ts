import { ConfigError } from './errors.ts'

/** What was written, as a URL. */
export interface ParsedUrl {
  readonly text: string
  /** `several`: each has a port of its own, which no `URL` takes: it has the first of them. */
  readonly hosts: 'one' | 'several'
  readonly url: URL
}

/** Scheme and account, the first host, the others, and what comes after them. */
const MULTI_HOST_URL = /^([a-z][a-z0-9+.-]*:\/\/(?:[^@/?#]*@)?)([^,@/?#]+),[^@/?#]+([/?#].*)?$/i

/**
 * Reads a URL.
 * @throws ConfigError (`SYNC_CONFIG`); the text itself may hold a password: it is not repeated in the error
 */
export function parseUrl(text: string): ParsedUrl {
  if (URL.canParse(text)) return { text, hosts: 'one', url: new URL(text) }
  const [, head = '', first = '', rest = ''] = MULTI_HOST_URL.exec(text) ?? []
  const withFirst = `${head}${first}${rest}`
  if (URL.canParse(withFirst)) return { text, hosts: 'several', url: new URL(withFirst) }
  throw new ConfigError('a URL is needed, such as memory: or redis://host:6379')
}
