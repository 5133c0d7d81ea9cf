import type { InspectedChange, InspectedCollection } from './options.ts'

/** A document, as the page shows it. */
export interface DocumentState {
  readonly key: string
  /** False if neither the store nor the collection's source has the document. */
  readonly exists: boolean
  readonly version?: number
  readonly changedAt?: number
  readonly expiresAt?: number
  readonly stale?: boolean
  readonly position?: string
  readonly fields?: readonly FieldState[]
  /** Changes that the instance received in the last hour, newest first. */
  readonly changes: readonly ChangeState[]
}

/** A field. `json`: its value as JSON; absent unless values are shown. */
export interface FieldState {
  readonly name: string
  readonly version: number | undefined
  readonly json?: string
}

/** A change of the document. `meta`: strings of its writer, such as the actor; absent unless values are shown. */
export interface ChangeState {
  readonly kind: string
  readonly version: number
  readonly at: number
  readonly fields: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
}

const READ_TIMEOUT = '5s'
const MAX_CHANGES = 50
const MAX_JSON_LENGTH = 20_000

/** Reads a document with its versions and recent changes. A document that is not cached is loaded. */
export async function readDocument(
  collection: InspectedCollection,
  key: string,
  showValues: boolean,
): Promise<DocumentState> {
  const entry = await collection.getEntry(key, { timeout: READ_TIMEOUT })
  const changes = collection
    .recentChanges(key)
    .slice(-MAX_CHANGES)
    .reverse()
    .map((change) => describeChange(change, showValues))
  if (!entry) return { key, exists: false, changes }
  const { version, changedAt, expiresAt, stale, position } = entry
  const versions = entry.fieldVersions as Readonly<Record<string, number | undefined>>
  const fields = Object.entries(entry.value as object).map(([name, value]) => ({
    name,
    version: versions[name],
    ...(showValues && { json: shorten(JSON.stringify(value)) }),
  }))
  return {
    key,
    exists: true,
    version,
    changedAt,
    stale,
    position,
    ...(expiresAt !== undefined && { expiresAt }),
    fields,
    changes,
  }
}

const describeChange = (
  { kind, version, at, fields = [], meta }: InspectedChange,
  showValues: boolean,
): ChangeState => ({
  kind,
  version,
  at,
  fields,
  ...(showValues && meta && { meta }),
})

const shorten = (json: string): string =>
  json.length <= MAX_JSON_LENGTH ? json : `${json.slice(0, MAX_JSON_LENGTH)}… (${json.length} characters)`
