import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from '@sync/core/adapter'
import { slotOf, slotTags } from './slots.ts'

/** Names that stand for themselves; all others are escaped. */
const UNESCAPED = /^[\w.@/+=~ -]*$/

const ESCAPES: Readonly<Record<string, string>> = { ':': '\\u003a', '{': '\\u007b', '}': '\\u007d' }

/** A part of a key: as inside a JSON text, so that any name survives, and without what separates parts or marks slots. */
const escapePart = (name: string): string =>
  UNESCAPED.test(name)
    ? name
    : JSON.stringify(name)
        .slice(1, -1)
        .replaceAll(/[:{}]/g, (c) => ESCAPES[c] as string)

/** The name behind an escaped part. */
export const unescapePart = (part: string): string =>
  part.includes('\\') || part.includes('"') ? (JSON.parse(`"${part}"`) as string) : part

/** A field's name as it stands in the document's hash, before `:latest` and `:version`: as inside a JSON text. */
export function escapeField(name: string): string {
  // the document's own counters have that name
  if (name === 'VersionId') return '\\u0056ersionId'
  return UNESCAPED.test(name) ? name : JSON.stringify(name).slice(1, -1)
}

/** How keys are laid out: in a cluster the section's name is the hash tag, so that all of it lies in one slot. */
export interface KeyLayout {
  readonly cluster: boolean
}

/** `partition:section`, which all keys and channels of a section begin with. */
export function sectionName({ partition, section }: SectionRef, { cluster }: KeyLayout): string {
  const name = `${escapePart(partition)}:${escapePart(section)}`
  return cluster ? `{${name}}` : name
}

/** The hash of a section's counters. Its third part is empty: no document has that key. */
export const metaKey = (section: SectionRef, layout: KeyLayout): string => `${sectionName(section, layout)}::meta`

/** The hash of a document. */
export const documentKey = (ref: DocumentRef, layout: KeyLayout): string =>
  `${sectionName(ref, layout)}:${escapePart(ref.key)}`

/** What the names of all that relays need begin with. */
const OUTBOX_PREFIX = '__outbox'

const outboxIndexForTag = (tag: string): string => `${OUTBOX_PREFIX}:{${tag}}`

/**
 * The sections that have changes which a relay has not sent yet, by when the first of them came; one for each database. In a cluster
 * one for each slot: a commit can note its section in the slot that it lies in, and nowhere else.
 */
export const outboxIndex = (section: SectionRef, { cluster }: KeyLayout): string =>
  cluster ? outboxIndexForTag(slotTags()[slotOf(sectionName(section, { cluster: false }))] as string) : OUTBOX_PREFIX

/** All of them. */
export const outboxIndexes = ({ cluster }: KeyLayout): readonly string[] =>
  cluster ? slotTags().map(outboxIndexForTag) : [OUTBOX_PREFIX]

/** Which relay works, and the counter of their terms. */
export const leaseKeys = ({ cluster }: KeyLayout): { readonly lease: string; readonly terms: string } =>
  cluster
    ? { lease: `${OUTBOX_PREFIX}:{lease}`, terms: `${OUTBOX_PREFIX}:{lease}:terms` }
    : { lease: `${OUTBOX_PREFIX}:lease`, terms: `${OUTBOX_PREFIX}:terms` }

/** The channel on which a relay is told of a section that has come into the outbox. */
export const outboxChannel = (database: number): string =>
  database === 0 ? OUTBOX_PREFIX : `${OUTBOX_PREFIX}@${database}`

/** How far a section was sent by relays. */
export const cursorKey = (section: SectionRef, layout: KeyLayout): string => `${sectionName(section, layout)}::relayed`

/** The section behind a name in the outbox. */
export function parseSectionName(name: string): SectionRef {
  const [partition = '', section = ''] = name
    .replace(/^\{(.*)\}$/s, '$1')
    .split(':')
    .map(unescapePart)
  return { partition, section }
}

/** What the channels of changes begin with. */
export const CHANNEL_PREFIX = '__dataChanged'

/** The channel that a scope's changes are sent on; databases of one server share its channels, so all but 0 are named. */
export function channelName(scope: Scope, layout: KeyLayout, database: number): string {
  const prefix = database === 0 ? CHANNEL_PREFIX : `${CHANNEL_PREFIX}@${database}`
  const name = `${prefix}:${sectionName(scope, layout)}`
  return isDocumentRef(scope) ? `${name}:${escapePart(scope.key)}` : name
}

/** The stream of a section's frames. */
export const streamKey = (section: SectionRef, layout: KeyLayout): string => `${sectionName(section, layout)}::changes`

/** The channel on which a stream's entries are told, in a cluster. */
export const streamChannel = (stream: string): string => `${CHANNEL_PREFIX}:${stream}`
