import { UsageError } from '@sync/command-line'
import { type DocumentRef, isDocumentRef, type Scope } from '@sync/core/adapter'

/**
 * Parses `partition/section` or `partition/section/key`. Parts may be percent-encoded; a key may contain a slash as it is.
 * @throws UsageError if a part is missing or is not valid percent-encoding
 */
export function parseAddress(text: string): Scope {
  const [partition, section, key] = /^([^/]+)\/([^/]+)(?:\/(.+))?$/s.exec(text)?.slice(1).map(decode) ?? []
  if (!partition || !section)
    throw new UsageError(
      `ADDRESS: expected partition/section or partition/section/key, got ${JSON.stringify(text)}. See --help`,
    )
  return key ? { partition, section, key } : { partition, section }
}

function decode(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part)
  } catch {
    throw new UsageError(
      `ADDRESS: expected valid percent-encoding, got ${JSON.stringify(part)}; write % as %25. See --help`,
    )
  }
}

/** Formats an address so that `parseAddress` accepts it. */
export function formatAddress(scope: Scope | DocumentRef): string {
  const encode = (part: string): string => part.replaceAll(/[%/]/g, encodeURIComponent)
  const section = `${encode(scope.partition)}/${encode(scope.section)}`
  return isDocumentRef(scope) ? `${section}/${scope.key.replaceAll('%', '%25')}` : section
}
