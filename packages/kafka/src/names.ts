import { createHash } from 'node:crypto'
import { hash32, isDocumentRef, type Scope } from '@sync/core/adapter'

/** The longest name that Kafka gives a topic. */
const MAX_TOPIC_LENGTH = 249

/** What stands for the name of a partition in the name of a topic. */
const PLACEHOLDER = '{partition}'

/**
 * The topic of a partition. Letters, digits and `-` stand for themselves, every other UTF-16 unit is `_` and four hex digits:
 * no `.`, which Kafka does not tell from `_` in names. A name that is too long ends in its hash.
 */
export function topicName(template: string, partition: string): string {
  if (!template.includes(PLACEHOLDER)) return template
  const room = MAX_TOPIC_LENGTH - (template.length - PLACEHOLDER.length)
  return template.replace(PLACEHOLDER, () => escapeName(partition, room))
}

function escapeName(name: string, room: number): string {
  const escaped = name.replaceAll(/[^A-Za-z0-9-]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (escaped.length <= room) return escaped
  const hash = createHash('sha256').update(JSON.stringify(name)).digest('hex')
  // no escape begins like this
  return `${escaped.slice(0, Math.max(0, room - hash.length - 2))}_h${hash}`
}

/** The key of a scope's records: says what they are about, whichever topic they are in. */
export function recordKey(scope: Scope): string {
  const { partition, section } = scope
  return JSON.stringify(isDocumentRef(scope) ? [partition, section, scope.key] : [partition, section])
}

/** Which Kafka partition a key's changes go to, out of so many: the same in every client and version of this product. */
export const kafkaPartitionOf = (section: string, key: string, count: number): number =>
  count === 1 ? 0 : hash32(JSON.stringify([section, key])) % count
