import { ArgumentError } from '@sync/core'
import { isDocumentRef, type Scope } from '@sync/core/adapter'

/** Letters and digits of every script, and what has no meaning to NATS; `=` begins an escape. */
const ESCAPED_CHARACTERS = /[^\p{L}\p{N}_\-/:@+~$%&,;!?#()[\]{}|]/gu

/** What a server takes in one line of its protocol, less what else stands there. */
const MAX_SUBJECT_BYTES = 2_048

/** A name as one token of a subject: readable where it can be. */
export const escapeToken = (name: string): string => name.replaceAll(ESCAPED_CHARACTERS, escapeCharacter)

const escapeCharacter = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `=${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

/**
 * The subject of a scope: `root.partition.section`, or `root.partition.section.key`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it is too long for a server
 */
export function subjectFor(root: string, scope: Scope): string {
  const parts = [scope.partition, scope.section, ...(isDocumentRef(scope) ? [scope.key] : [])]
  const subject = [root, ...parts.map(escapeToken)].join('.')
  if (Buffer.byteLength(subject) > MAX_SUBJECT_BYTES)
    throw new ArgumentError(`an address of more than ${MAX_SUBJECT_BYTES} bytes is too long for NATS`, {
      address: scope,
    })
  return subject
}
