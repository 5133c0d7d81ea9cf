import { createHash } from 'node:crypto'
import { hash32, isDocumentRef, type Scope } from '@sync/core/adapter'

/** Maximum length of a Kafka topic name, in characters. */
const MAX_TOPIC_LENGTH = 249

/** Placeholder for the partition in a topic template. */
const PLACEHOLDER = '{partition}'

/**
 * Returns a partition's topic. Letters, digits and `-` are kept; `_` and four hexadecimal digits replace every other UTF-16 unit. This
 * includes `.`, because Kafka treats topics that differ only in `.` and `_` as equal. In a name that is too long, the SHA-256 hash of
 * the partition replaces the end.
 */
export function topicName(template: string, partition: string): string {
  if (!template.includes(PLACEHOLDER)) return template
  const maxLength = MAX_TOPIC_LENGTH - (template.length - PLACEHOLDER.length)
  return template.replace(PLACEHOLDER, () => escapeName(partition, maxLength))
}

function escapeName(name: string, maxLength: number): string {
  const escaped = name.replaceAll(/[^A-Za-z0-9-]/g, (unit) => `_${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (escaped.length <= maxLength) return escaped
  const hash = createHash('sha256').update(JSON.stringify(name)).digest('hex')
  // no escape begins with `_h`, so a shortened name never equals an escaped one
  return `${escaped.slice(0, Math.max(0, maxLength - hash.length - 2))}_h${hash}`
}

/** Returns the key of a scope's records: the scope as a JSON array. It identifies the scope even where partitions share a topic. */
export function recordKey(scope: Scope): string {
  const { partition, section } = scope
  return JSON.stringify(isDocumentRef(scope) ? [partition, section, scope.key] : [partition, section])
}

/**
 * Returns the Kafka partition of a document's changes, from 0 to `count - 1`. Every client and every version of this package must
 * return the same, otherwise the changes of one document lose their order.
 */
export const kafkaPartitionOf = (section: string, key: string, count: number): number =>
  count === 1 ? 0 : hash32(JSON.stringify([section, key])) % count
