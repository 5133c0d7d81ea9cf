import { ArgumentError } from '@sync/core'
import { isDocumentRef, type Scope } from '@sync/core/adapter'

/** Every character that is escaped: all but letters and digits of any script, and punctuation without a meaning in NATS subjects. */
const ESCAPED_CHARACTERS = /[^\p{L}\p{N}_\-/:@+~$%&,;!?#()[\]{}|]/gu

/** Maximum subject length in bytes: a server's limit of one protocol line, minus room for the rest of the line. */
const MAX_SUBJECT_BYTES = 2_048

/** Escapes a name into one token of a subject: `=` and four hexadecimal digits replace each escaped UTF-16 unit. */
export const escapeToken = (name: string): string => name.replaceAll(ESCAPED_CHARACTERS, escapeCharacter)

const escapeCharacter = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, at) => `=${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

/**
 * Returns a scope's subject: `root.partition.section`, or `root.partition.section.key`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it exceeds 2,048 bytes
 */
export function subjectFor(root: string, scope: Scope): string {
  const parts = [scope.partition, scope.section, ...(isDocumentRef(scope) ? [scope.key] : [])]
  const subject = [root, ...parts.map(escapeToken)].join('.')
  const bytes = Buffer.byteLength(subject)
  if (bytes > MAX_SUBJECT_BYTES)
    throw new ArgumentError(`expected a NATS subject of at most ${MAX_SUBJECT_BYTES} bytes, got ${bytes} bytes`, {
      address: scope,
    })
  return subject
}
