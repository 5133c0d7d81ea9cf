import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from '@sync/core/adapter'
import { slotOf, slotTags } from './slots.ts'

/** Names that need no escaping. */
const UNESCAPED = /^[\w.@/+=~ -]*$/

const ESCAPES: Readonly<Record<string, string>> = { ':': '\\u003a', '{': '\\u007b', '}': '\\u007d' }

/**
 * Escapes a name for use as one part of a key. JSON string escapes keep any name intact; `:` separates parts and `{}` marks the
 * hash tag, so these are escaped too.
 */
const escapePart = (name: string): string =>
  UNESCAPED.test(name)
    ? name
    : JSON.stringify(name)
        .slice(1, -1)
        .replaceAll(/[:{}]/g, (c) => ESCAPES[c] as string)

/** Reverses `escapePart`. */
export const unescapePart = (part: string): string =>
  part.includes('\\') || part.includes('"') ? (JSON.parse(`"${part}"`) as string) : part

/** Escapes a field's name for the document's hash, where `:latest` or `:version` follows it. Uses JSON string escapes. */
export function escapeField(name: string): string {
  // reserved for the document's own counters
  if (name === 'VersionId') return '\\u0056ersionId'
  return UNESCAPED.test(name) ? name : JSON.stringify(name).slice(1, -1)
}

/** Layout of keys. In a cluster the section's name is the hash tag, so all keys of a section are in one slot. */
export interface KeyLayout {
  readonly cluster: boolean
}

/** `partition:section`, the prefix of all keys and channels of a section. */
export function sectionName({ partition, section }: SectionRef, { cluster }: KeyLayout): string {
  const name = `${escapePart(partition)}:${escapePart(section)}`
  return cluster ? `{${name}}` : name
}

/** Key of the hash with a section's counters. Its third part is empty, so it cannot be a document's key. */
export const metaKey = (section: SectionRef, layout: KeyLayout): string => `${sectionName(section, layout)}::meta`

/** Key of a document's hash. */
export const documentKey = (ref: DocumentRef, layout: KeyLayout): string =>
  `${sectionName(ref, layout)}:${escapePart(ref.key)}`

/** Prefix of all names that only relays use. */
const OUTBOX_PREFIX = '__outbox'

const outboxIndexForTag = (tag: string): string => `${OUTBOX_PREFIX}:{${tag}}`

/**
 * Key of the outbox index: a sorted set of the sections with unpublished changes, ordered by the time of the first one. One per
 * database; in a cluster one per slot, because a commit's script can only write to the slot of its section.
 */
export const outboxIndex = (section: SectionRef, { cluster }: KeyLayout): string =>
  cluster ? outboxIndexForTag(slotTags()[slotOf(sectionName(section, { cluster: false }))] as string) : OUTBOX_PREFIX

/** Keys of all outbox indexes. */
export const outboxIndexes = ({ cluster }: KeyLayout): readonly string[] =>
  cluster ? slotTags().map(outboxIndexForTag) : [OUTBOX_PREFIX]

/** Keys of the relays' lease and of the counter of its terms. */
export const leaseKeys = ({ cluster }: KeyLayout): { readonly lease: string; readonly terms: string } =>
  cluster
    ? { lease: `${OUTBOX_PREFIX}:{lease}`, terms: `${OUTBOX_PREFIX}:{lease}:terms` }
    : { lease: `${OUTBOX_PREFIX}:lease`, terms: `${OUTBOX_PREFIX}:terms` }

/** Channel that announces to relays each section added to the outbox. */
export const outboxChannel = (database: number): string =>
  database === 0 ? OUTBOX_PREFIX : `${OUTBOX_PREFIX}@${database}`

/** Key of a section's relay cursor: the position up to which relays have published it. */
export const cursorKey = (section: SectionRef, layout: KeyLayout): string => `${sectionName(section, layout)}::relayed`

/** Parses a section's name, as the outbox contains it. */
export function parseSectionName(name: string): SectionRef {
  const [partition = '', section = ''] = name
    .replace(/^\{(.*)\}$/s, '$1')
    .split(':')
    .map(unescapePart)
  return { partition, section }
}

/** Prefix of the channels that carry changes. */
export const CHANNEL_PREFIX = '__dataChanged'

/** Channel for a scope's changes. All databases of a server share its channels, so every database but 0 is part of the name. */
export function channelName(scope: Scope, layout: KeyLayout, database: number): string {
  const prefix = database === 0 ? CHANNEL_PREFIX : `${CHANNEL_PREFIX}@${database}`
  const name = `${prefix}:${sectionName(scope, layout)}`
  return isDocumentRef(scope) ? `${name}:${escapePart(scope.key)}` : name
}

/** Key of the stream with a section's frames. */
export const streamKey = (section: SectionRef, layout: KeyLayout): string => `${sectionName(section, layout)}::changes`

/** Channel that pushes a stream's new entries, in a cluster. */
export const streamChannel = (stream: string): string => `${CHANNEL_PREFIX}:${stream}`
