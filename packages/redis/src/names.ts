import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from '@sync/core/adapter'
import { slotOf, slotTags } from './slots.ts'

/** Names that stand for themselves; all others are escaped. */
const PLAIN = /^[\w.@/+=~ -]*$/

const ESCAPES: Readonly<Record<string, string>> = { ':': '\\u003a', '{': '\\u007b', '}': '\\u007d' }

/** A part of a key: as inside a JSON text, so that any name survives, and without what separates parts or marks slots. */
const escapePart = (name: string): string =>
  PLAIN.test(name)
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
  return PLAIN.test(name) ? name : JSON.stringify(name).slice(1, -1)
}

/** How keys are laid out: in a cluster the section's name is the hash tag, so that all of it lies in one slot. */
export interface Layout {
  readonly cluster: boolean
}

/** `partition:section`, which all keys and channels of a section begin with. */
export function sectionName({ partition, section }: SectionRef, { cluster }: Layout): string {
  const name = `${escapePart(partition)}:${escapePart(section)}`
  return cluster ? `{${name}}` : name
}

/** The hash of a section's counters. Its third part is empty: no document has that key. */
export const metaKey = (section: SectionRef, layout: Layout): string => `${sectionName(section, layout)}::meta`

/** The hash of a document. */
export const documentKey = (ref: DocumentRef, layout: Layout): string =>
  `${sectionName(ref, layout)}:${escapePart(ref.key)}`

/** What the names of all that relays need begin with. */
const OUTBOX = '__outbox'

const indexOfTag = (tag: string): string => `${OUTBOX}:{${tag}}`

/**
 * The sections that have changes which a relay has not sent yet, by when the first of them came; one for each database. In a cluster
 * one for each slot: a commit can note its section in the slot that it lies in, and nowhere else.
 */
export const outboxIndex = (section: SectionRef, { cluster }: Layout): string =>
  cluster ? indexOfTag(slotTags()[slotOf(sectionName(section, { cluster: false }))] as string) : OUTBOX

/** All of them. */
export const outboxIndexes = ({ cluster }: Layout): readonly string[] =>
  cluster ? slotTags().map(indexOfTag) : [OUTBOX]

/** Which relay works, and the counter of their terms. */
export const leaseKeys = ({ cluster }: Layout): { readonly lease: string; readonly terms: string } =>
  cluster
    ? { lease: `${OUTBOX}:{lease}`, terms: `${OUTBOX}:{lease}:terms` }
    : { lease: `${OUTBOX}:lease`, terms: `${OUTBOX}:terms` }

/** The channel on which a relay is told of a section that has come into the outbox. */
export const outboxChannel = (database: number): string => (database === 0 ? OUTBOX : `${OUTBOX}@${database}`)

/** How far a section was sent by relays. */
export const cursorKey = (section: SectionRef, layout: Layout): string => `${sectionName(section, layout)}::relayed`

/** The section behind a name in the outbox. */
export function sectionNamed(name: string): SectionRef {
  const [partition = '', section = ''] = name
    .replace(/^\{(.*)\}$/s, '$1')
    .split(':')
    .map(unescapePart)
  return { partition, section }
}

/** What the channels of changes begin with. */
export const CHANGED = '__dataChanged'

/** The channel that a scope's changes are sent on; databases of one server share its channels, so all but 0 are named. */
export function channelOf(scope: Scope, layout: Layout, database: number): string {
  const prefix = database === 0 ? CHANGED : `${CHANGED}@${database}`
  const name = `${prefix}:${sectionName(scope, layout)}`
  return isDocumentRef(scope) ? `${name}:${escapePart(scope.key)}` : name
}

/** The stream of a section's frames. */
export const streamKey = (section: SectionRef, layout: Layout): string => `${sectionName(section, layout)}::changes`

/** The channel on which a stream's entries are told, in a cluster. */
export const channelOfStream = (stream: string): string => `${CHANGED}:${stream}`
